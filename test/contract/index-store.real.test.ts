import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createIndexStore } from '../../connectors/postgres/index-store.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { putErasure } from '../../connectors/postgres/removals.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/room-process.ts';
import { type IndexStoreFixture, indexStoreContract, live } from './index-store.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('index');
});
afterAll(() => db.close());

const open = async (): Promise<IndexStoreFixture> => {
  const log = new Uint8Array(16).fill(1);
  for (const table of ['positions', 'removals', 'batches', 'voids', 'subjects', 'checkpoints'] as const) {
    await db.kysely.deleteFrom(table).execute();
  }
  const clashes: IndexStoreFixture['clashes'] = [];
  return {
    store: createIndexStore(db, log, (clash) => clashes.push(clash)),
    positions: createPositions(db, log),
    clashes,
    putErasure: (id, erasure) => putErasure(db.kysely, id, erasure),
  };
};

indexStoreContract('PostgreSQL', open);

test('a sweep derives anew also where another sweeper has taken its last page, not yet committed', async () => {
  const { store, positions, putErasure } = await open();
  const entries = [live(0), live(1), live(2)];
  const [{ app, wallet }] = entries as [ReturnType<typeof live>];
  await store.apply(0, await positions.load('indexer', 0), { next: 3, mark: 2 }, entries);
  await putErasure(new Uint8Array(16), { app, wallet, issuedAt: 0, fence: 3, rootVersions: [] });
  let sweeping: Promise<number> | undefined;
  // What another sweeper does with a page that is not its last.
  await db.kysely.transaction().execute(async (tx) => {
    await sql`WITH gone AS (DELETE FROM batches WHERE origin = 2 RETURNING partition, origin, batch_id)
      INSERT INTO voids (partition, origin, batch_id, reason) SELECT partition, origin, batch_id, 'erased' FROM gone`.execute(
      tx,
    );
    sweeping = store.sweep(2);
    await eventually('the sweep waits for that row', async () => {
      const { rows } = await sql`SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(db.kysely);
      return rows.length > 0 ? true : null;
    });
  });
  expect(await sweeping).toBe(2);
  expect((await store.batches(entries.map(({ batchId }) => batchId))).map((batch) => batch?.reason)).toEqual(
    Array(3).fill('erased'),
  );
  expect(await store.subjects(app, wallet)).toEqual([]);
});
