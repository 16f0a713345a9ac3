import { afterAll, beforeAll } from '@jest/globals';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { positionsContract } from './positions.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('positions');
});
afterAll(() => db.close());

positionsContract('PostgreSQL', async () => {
  for (const table of ['positions', 'crashes', 'parked'] as const) await db.kysely.deleteFrom(table).execute();
  return { of: (log) => createPositions(db, log) };
});
