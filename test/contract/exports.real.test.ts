import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createExports } from '../../connectors/postgres/exports.ts';
import { createExportReports } from '../../connectors/postgres/removal-store.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { exportsContract, someDeclaration } from './exports.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('exports');
});
afterAll(() => db.close());

exportsContract('PostgreSQL', async () => {
  await db.kysely.deleteFrom('declared_exports').execute();
  return createExports(db);
});

test('no erasure waits for one that was forgotten, and the next of its name applies all anew', async () => {
  const exports = createExports(db);
  await db.kysely.deleteFrom('declared_exports').execute();
  const declaration = someDeclaration();
  const { id } = await exports.add(declaration, 'running');
  const reports = createExportReports(db);
  const owner = { app: declaration.app, wallet: new Uint8Array(32).fill(3), id: new Uint8Array(16).fill(4) };
  for (const name of ['sales', 'other']) {
    await reports.register(name, declaration.app);
    await reports.report(name, [{ ...owner, rows: 0 }]);
  }
  await exports.setState(id, 'ending');
  await exports.forget(id);
  expect(await db.kysely.selectFrom('exports').select('name').execute()).toEqual([{ name: 'other' }]);
  expect(await db.kysely.selectFrom('removal_reports').select('reporter').execute()).toEqual([{ reporter: 'other' }]);
});
