import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createFileKms } from '../../connectors/kms/file-kms.ts';
import { type KekEdges, keepKeks, withKekLock } from '../../connectors/vault/kek-lives.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { ready } from '../../protocol/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const DAY = 86_400_000;
const POLICY = { rotateMs: 3 * DAY, destroyMs: 3 * DAY };
const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
const owner = (n: number) => ({ app: new Uint8Array(32).fill(7), wallet: new Uint8Array(32).fill(n) });
const OWNERS = [1, 2, 3].map(owner);

let db: TestDatabase;
let folder: string;
let file: string;
let day = 0;
const now = () => Date.UTC(2026, 0, 1) + day * DAY;
/** Another process over the same key file. */
const edges = (): KekEdges => ({ db, kms: createFileKms(file, performance, random), random, now });
const look = () => withKekLock(db, () => keepKeks(edges(), POLICY));
const subjects = async () => {
  const vault = openVault({ db, keks: edges().kms, random, clock: performance, calendar: { now } });
  const roots = await vault.roots(OWNERS.map((one) => ({ ...one, rootVersion: 1 })));
  await vault.close();
  return roots.map((root) => root && Buffer.from(root.subject).toString('hex'));
};

beforeAll(async () => {
  await ready();
  folder = await mkdtemp(join(tmpdir(), 'ddc-keeper-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  day = 0;
  db = await openTestDatabase('key_keeper');
  file = join(folder, randomBytes(4).toString('hex'));
  await writeFile(file, `1 ${'11'.repeat(32)}\n`);
  const vault = openVault({ db, keks: edges().kms, random, clock: performance, calendar: { now } });
  await vault.transit(OWNERS);
  await vault.close();
});
afterEach(() => db.close());

test('of keepers that look at once one changes keys, and every root opens as before', async () => {
  const before = await subjects();
  await look();
  day = 4;
  const looks = await Promise.all([look(), look(), look()]);
  expect(looks.filter((work) => work?.rotatedTo === 2)).toHaveLength(1);
  expect((await readFile(file, 'utf8')).split('\n').map((line) => line.split(' ')[0])).toEqual(['1', '2', '']);
  expect(await subjects()).toEqual(before);
  day = 8;
  expect(await look()).toMatchObject({ rotatedTo: 3, rewrapped: 3, destroyed: [1] });
  expect(await subjects()).toEqual(before);
});

test('a root whose key is gone is told of and holds up no other; with its line back it is wrapped anew', async () => {
  const before = await subjects();
  const [, second] = OWNERS;
  const old = await db.kysely
    .selectFrom('user_roots')
    .selectAll()
    .where('wallet', '=', second?.wallet as Uint8Array)
    .executeTakeFirstOrThrow();
  await look();
  for (day of [4, 8]) await look();
  // As after restoring a row from an old backup.
  await db.kysely.updateTable('user_roots').set({ wrapped: old.wrapped }).where('wallet', '=', old.wallet).execute();
  expect(await look()).toEqual({ rotatedTo: null, rewrapped: 0, lost: 1, destroyed: [] });
  day = 12;
  expect(await look()).toMatchObject({ rotatedTo: 4, rewrapped: 2, lost: 1, destroyed: [2] });
  await appendFile(file, `1 ${'11'.repeat(32)}\n`);
  expect(await look()).toMatchObject({ rewrapped: 1, lost: 0 });
  expect(await subjects()).toEqual(before);
});
