import { afterAll, beforeAll } from '@jest/globals';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { createSettlementStore } from '../../connectors/postgres/settlement-store.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { settlementStoreContract } from './settlement-store.ts';

const LOG = new Uint8Array(16).fill(7);
let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('settlement');
});
afterAll(() => db.close());

settlementStoreContract('PostgreSQL', async () => {
  for (const table of ['outbox_charges', 'rounds', 'outbox', 'leaves', 'positions'] as const) {
    await db.kysely.deleteFrom(table).execute();
  }
  await createPositions(db, LOG).load('settler', 0);
  return createSettlementStore(db, LOG);
});
