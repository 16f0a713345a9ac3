import { afterAll, beforeAll } from '@jest/globals';
import { createApps } from '../../connectors/postgres/apps.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { appsContract } from './apps.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('apps');
});
afterAll(() => db.close());

appsContract('PostgreSQL', async () => {
  await db.kysely.deleteFrom('apps').execute();
  return createApps(db);
});
