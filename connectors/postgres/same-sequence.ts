import { type RawBuilder, sql } from 'kysely';

/** Whether two rows, by their names in the statement, are of one (app, wallet, source, seq, signer). */
export const sameSequence = (a: string, b: string): RawBuilder<boolean> =>
  sql.join(
    ['app', 'wallet', 'source', 'seq', 'signer'].map(
      (column) => sql`${sql.ref(`${a}.${column}`)} = ${sql.ref(`${b}.${column}`)}`,
    ),
    sql` AND `,
  ) as unknown as RawBuilder<boolean>;
