import { sql } from 'kysely';
import type { Database } from '../../connectors/postgres/database.ts';

/** Every row of a database, as a restore to this moment would bring them back. */
export type DatabaseCopy = ReadonlyMap<string, string>;

/** What migrations wrote by themselves is there in any migrated database. */
const OWN = ['migrations'];

export async function copyDatabase({ kysely }: Database): Promise<DatabaseCopy> {
  return kysely
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      const { rows: tables } = await sql<{ name: string }>`
        SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL (${OWN})`.execute(tx);
      const copy = new Map<string, string>();
      for (const { name } of tables) {
        const { rows } = await sql<{ all: string }>`
          SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]')::text AS all FROM ${sql.table(name)} AS t`.execute(tx);
        copy.set(name, rows[0]?.all ?? '[]');
      }
      return copy;
    });
}

/** Puts a copy into a migrated database whose tables are empty. */
export async function pasteDatabase({ kysely }: Database, copy: DatabaseCopy): Promise<void> {
  for (const [name, rows] of copy)
    await sql`INSERT INTO ${sql.table(name)} OVERRIDING SYSTEM VALUE
      SELECT * FROM jsonb_populate_recordset(NULL::${sql.table(name)}, ${rows}::jsonb)`.execute(kysely);
}
