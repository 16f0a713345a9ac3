import { sql } from 'kysely';
import type { Database } from './database.ts';
import type { Migration } from './migrations/define-migration.ts';
import { migrations as all } from './migrations/index.ts';

/** Any constant: whoever holds it migrates, everybody else waits. */
const MIGRATION_LOCK = 0x0cec0ddc;

/**
 * Brings the database to the shape that this code knows. Safe when many processes start at once: an advisory lock lets one
 * work while the others wait and then find nothing to do. All or nothing: a failing migration leaves the database as it was.
 * @returns the names of the migrations that this call applied.
 */
export async function migrate(db: Database, migrations: readonly Migration[] = all): Promise<string[]> {
  return db.kysely.transaction().execute(async (tx) => {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(tx);
    await sql`CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`.execute(
      tx,
    );
    const { rows } = await sql<{ name: string }>`SELECT name FROM migrations`.execute(tx);
    const applied = new Set(rows.map((row) => row.name));
    const missing = migrations.filter((migration) => !applied.has(migration.name));
    for (const migration of missing) {
      await sql.raw(migration.sql).execute(tx);
      await sql`INSERT INTO migrations (name) VALUES (${migration.name})`.execute(tx);
    }
    return missing.map((migration) => migration.name);
  });
}
