import { afterAll, beforeAll } from '@jest/globals';
import { createUsage } from '../../connectors/postgres/usage.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { usageContract } from './usage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('usage');
});
afterAll(() => db.close());

usageContract('PostgreSQL', async () => {
  await db.kysely.deleteFrom('usage').execute();
  return createUsage(db);
});
