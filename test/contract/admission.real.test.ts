import { afterAll, beforeAll } from '@jest/globals';
import { createAdmission } from '../../connectors/postgres/admission.ts';
import { putErasure } from '../../connectors/postgres/removals.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { admissionContract } from './admission.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('admission');
});
afterAll(() => db.close());

admissionContract('PostgreSQL', async () => {
  await db.kysely.deleteFrom('batch_ids').execute();
  await db.kysely.deleteFrom('removals').execute();
  return { admission: createAdmission(db), putErasure: (id, erasure) => putErasure(db.kysely, id, erasure) };
});
