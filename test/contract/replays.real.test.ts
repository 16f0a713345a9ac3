import { afterAll, beforeAll } from '@jest/globals';
import { createReplays } from '../../connectors/postgres/replays.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { replaysContract } from './replays.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('replays');
});
afterAll(() => db.close());

replaysContract('PostgreSQL', async () => {
  await db.kysely.deleteFrom('replays').execute();
  return createReplays(db);
});
