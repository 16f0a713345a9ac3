import { afterAll, beforeAll } from '@jest/globals';
import { createIndexStore } from '../../connectors/postgres/index-store.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { putErasure } from '../../connectors/postgres/removals.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { type IndexStoreFixture, indexStoreContract } from './index-store.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('index');
});
afterAll(() => db.close());

indexStoreContract('PostgreSQL', async () => {
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
});
