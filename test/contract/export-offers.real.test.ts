import { afterAll, beforeAll } from '@jest/globals';
import { createExportOffers } from '../../connectors/postgres/export-offers.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { exportOffersContract } from './export-offers.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('export_offers');
});
afterAll(() => db.close());

exportOffersContract('PostgreSQL', async () => {
  await db.kysely.deleteFrom('export_offers').execute();
  return createExportOffers(db);
});
