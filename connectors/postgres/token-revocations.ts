import { sql } from 'kysely';
import type { TokenRevocation, TokenRevocations } from '../../services/pipeline/ports/token-revocations.ts';
import type { Database, Executor } from './database.ts';

/** Rows of one statement: none is lost to a time limit, however long the list is. */
const PAGE = 10_000;

interface Row extends TokenRevocation {
  readonly tx: number;
}

/** Revoked tokens in PostgreSQL. @param page for tests */
export const createTokenRevocations = ({ kysely }: Database, page = PAGE): TokenRevocations => ({
  async since(mark, take) {
    // Before the rows: what is written by a transaction that is open now may be seen only by the next reading, which begins with it.
    const next = await oldestOpen(kysely);
    // A database that was put back to an earlier state counts its transactions from there.
    let last: Pick<Row, 'tx' | 'author' | 'token'> = { tx: next < mark ? 0 : mark, author: NONE, token: NONE };
    for (;;) {
      const { rows } = await sql<Row>`
        SELECT tx, author, token, until FROM token_revocations
        WHERE (tx, author, token) > (${last.tx}::bigint, ${last.author}::bytea, ${last.token}::bytea)
        ORDER BY tx, author, token LIMIT ${page}`.execute(kysely);
      take(rows);
      const end = rows.at(-1);
      if (!end || rows.length < page) return next;
      last = end;
    }
  },

  async prune(now) {
    const { numDeletedRows } = await kysely
      .deleteFrom('token_revocations')
      .where('until', '<=', now)
      .executeTakeFirst();
    return Number(numDeletedRows);
  },
});

const NONE = new Uint8Array();

/** Every transaction below this number has ended. */
async function oldestOpen(executor: Executor): Promise<number> {
  const { rows } = await sql<{ tx: number }>`
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS tx`.execute(executor);
  return rows[0]?.tx ?? 0;
}
