import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { type Database, type DatabaseOptions, migrate, openDatabase } from '../../connectors/postgres/database.ts';

/** A migrated database of its own for one suite, on the server of `DATABASE_URL`. */
export interface TestDatabase extends Database {
  readonly url: string;
}

/** `close()` drops the database again. */
export async function openTestDatabase(label: string, options: DatabaseOptions = {}): Promise<TestDatabase> {
  const server = process.env.DATABASE_URL;
  if (!server) throw new Error('DATABASE_URL is not set: start the stack or point at a PostgreSQL server');
  const name = `t_${label.replace(/\W/g, '_')}_${randomBytes(4).toString('hex')}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  await onServer(server, `CREATE DATABASE ${name}`);
  const db = openDatabase(url.href, options);
  await migrate(db);
  return {
    kysely: db.kysely,
    url: url.href,
    async close() {
      await db.close();
      await onServer(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function onServer(server: string, statement: string): Promise<void> {
  const admin = openDatabase(server, { connections: 1 });
  try {
    await sql.raw(statement).execute(admin.kysely);
  } finally {
    await admin.close();
  }
}
