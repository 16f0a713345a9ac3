import { afterAll, beforeAll } from '@jest/globals';
import { createClusters } from '../../connectors/postgres/clusters.ts';
import { createPins } from '../../connectors/postgres/pins.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { placementContract } from './placement.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('placement');
});
afterAll(() => db.close());

placementContract('PostgreSQL', () => ({ clusters: createClusters(db), pins: createPins(db) }));
