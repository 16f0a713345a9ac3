import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createMemoryKms } from '../../connectors/kms/memory-kms.ts';
import { createRemovalHistory } from '../../connectors/postgres/removal-history.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import { checkKeyBackup, restoreKeys } from '../../connectors/vault/key-backup/restore-keys.ts';
import { writeKeyBackup } from '../../connectors/vault/key-backup/write-backup.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { rootsByKek } from '../../connectors/vault/rewrap.ts';
import { ready, toHex } from '../../protocol/index.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
const clock = { now: () => Date.now() };
const owner = (): Owner => ({ app: random.bytes(32), wallet: random.bytes(32) });
const kms = createMemoryKms(`1 ${'11'.repeat(32)}`, random);

let from: TestDatabase;
let to: TestDatabase;
let folder: string;
let path: string;
beforeAll(async () => {
  await ready();
  [from, to] = await Promise.all([openTestDatabase('backup_from'), openTestDatabase('backup_to')]);
  folder = await mkdtemp(join(tmpdir(), 'ddc-backup-'));
});
beforeEach(async () => {
  for (const { kysely } of [from, to]) await sql`TRUNCATE user_roots, removals, positions`.execute(kysely);
  path = join(folder, randomBytes(6).toString('hex'));
});
afterAll(async () => {
  await Promise.all([from?.close(), to?.close()]);
  if (folder) await rm(folder, { recursive: true });
});

const vaultOf = (db: TestDatabase) => openVault({ db, keks: kms, random, clock, calendar: clock });
const subjectsOf = async (db: TestDatabase, owners: readonly Owner[], rootVersion = 1) =>
  (await vaultOf(db).roots(owners.map((one) => ({ ...one, rootVersion })))).map((root) => root && toHex(root.subject));
const restore = () => restoreKeys({ db: to, kms, random }, path);

test('5,000 roots go over whole, wrapped as they were and then with the newest KEK; the file is for its owner only', async () => {
  const owners = Array.from({ length: 5_000 }, owner);
  for (let i = 0; i < owners.length; i += 1_000) await vaultOf(from).transit(owners.slice(i, i + 1_000));
  const log = random.bytes(16);
  await from.kysely.insertInto('positions').values({ stage: 'indexer', partition: 0, log, next: 1, mark: 0 }).execute();
  const end = await writeKeyBackup(from, path);
  expect(end).toMatchObject({ roots: 5_000, keks: [1] });
  expect(await checkKeyBackup(kms, path)).toEqual({ ...end, logs: [toHex(log)] });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await kms.create();
  expect(await restore()).toEqual({ inserted: 5_000, erased: 0, kept: 0, clashing: 0 });
  expect(await rootsByKek(to)).toEqual(new Map([[2, 5_000]]));
  const some = owners.filter((_, i) => i % 500 === 0);
  expect(await subjectsOf(to, some)).toEqual(await subjectsOf(from, some));
  expect(await restore()).toEqual({ inserted: 0, erased: 0, kept: 5_000, clashing: 0 });
}, 60_000);

test('no root stands unwrapped in the file', async () => {
  const who = owner();
  await vaultOf(from).transit([who]);
  await writeKeyBackup(from, path);
  const text = await readFile(path, 'utf8');
  const [root] = await vaultOf(from).roots([{ ...who, rootVersion: 1 }]);
  const bytes = Buffer.from(root?.userRoot ?? []);
  for (const form of [bytes.toString('hex'), bytes.toString('base64url').slice(0, 40)])
    expect(text).not.toContain(form);
  expect(text).toContain(toHex(who.wallet));
});

test('what is newer stays: roots that are there, the higher epoch, what was overwritten; a root that waited gives way', async () => {
  const [same, other, erased, moved] = [owner(), owner(), owner(), owner()];
  const all = [same, other, erased, moved];
  await vaultOf(from).transit(all);
  const subject = random.bytes(32);
  await sql`INSERT INTO user_roots (app, wallet, root_version, wrapped, mode, subject, epoch)
    SELECT app, wallet, 2, wrapped, 'client', ${subject}, 3 FROM user_roots WHERE wallet = ${moved.wallet}`.execute(
    from.kysely,
  );
  await writeKeyBackup(from, path);
  await vaultOf(to).transit([other, moved]);
  await vaultOf(to).prepare(moved);
  await sql`UPDATE user_roots SET epoch = 7 WHERE wallet = ${other.wallet}`.execute(to.kysely);
  await sql`INSERT INTO user_roots (app, wallet, root_version, wrapped) VALUES (${erased.app}, ${erased.wallet}, 1, '')`.execute(
    to.kysely,
  );
  await sql`INSERT INTO removals (id, app, wallet, kind, issued_at, root_versions)
    VALUES (${random.bytes(16)}, ${erased.app}, ${erased.wallet}, 'erase', 1, '{1}')`.execute(to.kysely);
  const [, others] = [await subjectsOf(from, all), await subjectsOf(to, all)];
  expect(await restore()).toEqual({ inserted: 2, erased: 1, kept: 2, clashing: 2 });
  const [fresh] = await subjectsOf(from, [same]);
  expect(await subjectsOf(to, all)).toEqual([fresh, others[1], null, others[3]]);
  const [client] = await vaultOf(to).transit([moved]);
  expect(client).toMatchObject({ rootVersion: 2, mode: 'client', subject });
  const epochs = await to.kysely.selectFrom('user_roots').select(['wallet', 'epoch']).execute();
  const epochOf = ({ wallet }: Owner) =>
    epochs.filter((row) => toHex(row.wallet) === toHex(wallet)).map(({ epoch }) => epoch);
  expect(epochOf(other)).toEqual([7]);
  expect(epochOf(moved)).toEqual([3, 3]);
});

test('a backup from after an erasure overwrites what an older database still has', async () => {
  const who = owner();
  await vaultOf(from).transit([who]);
  await writeKeyBackup(from, path);
  await restore();
  const erasure = { ...who, id: random.bytes(16), issuedAt: 1, fence: 5, rootVersions: [1] };
  await createRemovalHistory(from, random.bytes(16)).take([erasure], 1, 0);
  path = `${path}.later`;
  await writeKeyBackup(from, path);
  expect(await subjectsOf(to, [who])).not.toEqual([null]);
  expect(await restore()).toMatchObject({ inserted: 0, erased: 1 });
  expect(await subjectsOf(to, [who])).toEqual([null]);
});

test('an erasure that the backup did not know reaches each of its roots, whatever versions it names, and nothing made since', async () => {
  const [erased, reopened, other] = [owner(), owner(), owner()];
  await vaultOf(from).transit([erased, reopened, other]);
  await sql`INSERT INTO user_roots (app, wallet, root_version, wrapped, epoch)
    SELECT app, wallet, 2, wrapped, 5 FROM user_roots`.execute(from.kysely);
  await writeKeyBackup(from, path);
  // A database that has lost version 2: the erasure names what is there.
  await vaultOf(to).transit([erased, reopened]);
  const erasures = [erased, reopened].map((who) => ({
    ...who,
    id: random.bytes(16),
    issuedAt: 1,
    fence: 5,
    rootVersions: [1],
  }));
  await createRemovalHistory(to, random.bytes(16)).take(erasures, 1, 0);
  const fresh = await createFreshRoot(kms, random)(reopened);
  await to.kysely
    .insertInto('user_roots')
    .values({ ...reopened, root_version: 2, wrapped: fresh.wrapped })
    .execute();
  const [made] = await subjectsOf(to, [reopened], 2);

  expect(await restore()).toEqual({ inserted: 2, erased: 4, kept: 0, clashing: 0 });
  expect(await subjectsOf(to, [erased, reopened, other])).toEqual([null, null, expect.any(String)]);
  expect(await subjectsOf(to, [erased, reopened], 2)).toEqual([undefined, made]);
  expect(await vaultOf(to).transit([erased])).toEqual([null]);
  const epochs = await to.kysely
    .selectFrom('user_roots')
    .select('epoch')
    .where('wallet', '=', reopened.wallet)
    .execute();
  expect(epochs.map(({ epoch }) => epoch)).toEqual([0, 0]);

  // A backup that knows of the erasure is taken as before.
  path = `${path}.later`;
  await writeKeyBackup(to, path);
  await sql`DELETE FROM user_roots WHERE wallet = ${reopened.wallet} AND root_version = 2`.execute(to.kysely);
  expect(await restore()).toMatchObject({ inserted: 1 });
  expect(await subjectsOf(to, [reopened], 2)).toEqual([made]);
});

test('a file that is not whole is refused and nothing is written: whatever byte is changed, wherever it ends', async () => {
  const owners = Array.from({ length: 3 }, owner);
  await vaultOf(from).transit(owners);
  await writeKeyBackup(from, path);
  const whole = await readFile(path);
  const refused = async (bytes: Uint8Array) => {
    await writeFile(path, bytes);
    await expect(restore()).rejects.toMatchObject({ code: expect.stringMatching(/^(backup_|kek_missing)/) });
  };
  for (let i = 0; i < 40; i++) {
    const at = Math.floor((i / 40) * whole.length);
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] as number) ^ 1;
    await refused(changed);
    await refused(whole.subarray(0, at));
  }
  await refused(Buffer.concat([whole, whole.subarray(0, 10)]));
  await refused(Buffer.from(whole.toString().replace('"v":1', '"v":2')));
  const lines = whole.toString().split('\n');
  await refused(Buffer.from([lines[0], ...lines.slice(2)].join('\n')));
  expect(await to.kysely.selectFrom('user_roots').select('wallet').execute()).toEqual([]);
  await writeFile(path, whole);
  expect(await restore()).toMatchObject({ inserted: 3 });
  path = join(folder, 'nothing');
  await expect(restore()).rejects.toMatchObject({ code: 'backup_file' });
});

test('a backup shows one moment: roots that are made and overwritten while it is written are in it all, or none', async () => {
  const owners = Array.from({ length: 4_500 }, owner);
  for (let i = 0; i < owners.length; i += 1_000) await vaultOf(from).transit(owners.slice(i, i + 1_000));
  const [end] = await Promise.all([
    writeKeyBackup(from, path),
    sql`WITH more AS (
        INSERT INTO user_roots (app, wallet, root_version, wrapped) SELECT app, wallet, 2, wrapped FROM user_roots
      ) UPDATE user_roots SET wrapped = ''`.execute(from.kysely),
  ]);
  const rows = (await readFile(path, 'utf8')).split('\n').filter((line) => line.startsWith('{"app"'));
  const overwritten = rows.filter((line) => line.includes('"wrapped":""')).length;
  expect([
    [4_500, 0],
    [9_000, 4_500],
  ]).toContainEqual([rows.length, overwritten]);
  expect(end.roots).toBe(rows.length);
}, 60_000);
