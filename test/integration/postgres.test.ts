import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { migrate, openDatabase } from '../../connectors/postgres/database.ts';
import { migrations } from '../../connectors/postgres/migrations/index.ts';
import { casPosition, createPositions } from '../../connectors/postgres/positions.ts';
import { RetriableError } from '../../services/pipeline/errors.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
const log = new Uint8Array(16).fill(1);

beforeAll(async () => {
  db = await openTestDatabase('postgres');
});
afterAll(async () => {
  await db.close();
});

test('processes that start together migrate once', async () => {
  await sql.raw('DROP SCHEMA public CASCADE; CREATE SCHEMA public').execute(db.kysely);
  const pools = [1, 2, 3, 4].map(() => openDatabase(db.url, { connections: 1 }));
  const applied = await Promise.all(pools.map((pool) => migrate(pool)));
  await Promise.all(pools.map((pool) => pool.close()));
  expect(applied.flat().sort()).toEqual(migrations.map((migration) => migration.name).sort());
});

test('a migration that fails leaves nothing behind', async () => {
  const broken = { name: '999-broken', sql: 'CREATE TABLE half (n integer); SELECT nonsense' };
  await expect(migrate(db, [...migrations, broken])).rejects.toThrow(/nonsense/);
  const { rows } = await sql`SELECT 1 FROM pg_tables WHERE tablename = 'half'`.execute(db.kysely);
  expect(rows).toEqual([]);
});

test('a compare-and-set inside a transaction that rolls back moves nothing', async () => {
  const positions = createPositions(db, log);
  const start = await positions.load('indexer', 0);
  await expect(
    db.kysely.transaction().execute(async (tx) => {
      expect(await casPosition(tx, 'indexer', 0, log, start, { next: 1, mark: 0 })).toBe(true);
      throw new Error('the effect failed');
    }),
  ).rejects.toThrow('the effect failed');
  expect(await positions.load('indexer', 0)).toEqual(start);
});

test('connections that the server ends are replaced, and the caller is told to try again', async () => {
  const pool = openDatabase(db.url, { connections: 1 });
  await sql`SELECT 1`.execute(pool.kysely);
  const pids = sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;
  const running = sql`SELECT pg_sleep(20)`.execute(pool.kysely);
  const outcome = expect(running).rejects.toBeInstanceOf(RetriableError);
  await untilSleeping();
  await pids.execute(db.kysely);
  await outcome;
  expect((await sql<{ one: number }>`SELECT 1 AS one`.execute(pool.kysely)).rows).toEqual([{ one: 1 }]);
  await pool.close();
});

test('a statement over its time is cancelled and retriable', async () => {
  const pool = openDatabase(db.url, { connections: 1, statementTimeoutMs: 50 });
  await expect(sql`SELECT pg_sleep(5)`.execute(pool.kysely)).rejects.toMatchObject({ code: 'postgres_timeout' });
  await pool.close();
});

test('a server that is not there is retriable', async () => {
  const pool = openDatabase('postgres://nobody@127.0.0.1:1/none');
  await expect(sql`SELECT 1`.execute(pool.kysely)).rejects.toMatchObject({
    code: 'postgres_unreachable',
    retriable: true,
  });
  await pool.close();
});

test('bigint comes back as a number, bytea as plain bytes', async () => {
  const { rows } = await sql`SELECT 5::bigint AS n, '\\x0102'::bytea AS b`.execute(db.kysely);
  expect(rows).toEqual([{ n: 5, b: new Uint8Array([1, 2]) }]);
  await expect(sql`SELECT 9007199254740993::bigint AS n`.execute(db.kysely)).rejects.toThrow(/2\^53/);
});

async function untilSleeping(): Promise<void> {
  for (;;) {
    const { rows } = await sql`SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE '%pg_sleep(20)%' AND pid <> pg_backend_pid()`.execute(
      db.kysely,
    );
    if (rows.length > 0) return;
  }
}
