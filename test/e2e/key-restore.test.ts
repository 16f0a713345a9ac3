import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createFileKms } from '../../connectors/kms/file-kms.ts';
import type { Database } from '../../connectors/postgres/database.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { restoreKeys } from '../../connectors/vault/key-backup/restore-keys.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { openTransit, toHex, transitKeyPair } from '../../protocol/index.ts';
import { type Account, accountFromPhrase, DdcClient, deriveAccount, type WalletRequests } from '../../sdk/js/index.ts';
import { processHost } from '../../services/pipeline/host/main.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { withPrefix } from '../../topics/define-topic.ts';
import { accountBatch } from '../support/account-batch.ts';
import { copyDatabase, type DatabaseCopy, pasteDatabase } from '../support/copy-database.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { postBatch } from '../support/posting.ts';
import { eventually } from '../support/room-process.ts';
import { ddc, type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const ROOMS = ['api', 'encryptor', 'pinner', 'indexer'] as const;

let it: SuiteSandbox;
let client: DdcClient;
const spare: TestDatabase[] = [];
beforeAll(async () => {
  it = await suiteSandbox('key-restore', { rooms: ROOMS });
  const { network, api: endpoint } = it.deployment;
  client = new DdcClient({ endpoint, network, app: it.app });
  const root = await accountFromPhrase(`${PHRASE}//key-restore//${randomBytes(6).toString('hex')}`);
  people = { stays: deriveAccount(root, '//0'), gone: deriveAccount(root, '//1'), back: deriveAccount(root, '//2') };
}, 120_000);
afterAll(async () => {
  client?.close();
  await it?.close();
  for (const database of spare) await database.close();
});

let people: Record<'stays' | 'gone' | 'back', Account>;
type Name = keyof typeof people;
const NAMES: readonly Name[] = ['stays', 'gone', 'back'];
const requestsOf = (name: Name): WalletRequests => client.requests(people[name]);

const write = (name: Name) => postBatch(it.deployment.api, accountBatch(it.app, people[name]).ndjson);
const answers = async () =>
  Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, (await write(name)).status])));
/** Caches of the API end after 5 s. */
const answered = (wanted: Record<Name, number>) =>
  eventually(
    `answers ${JSON.stringify(wanted)}`,
    async () => {
      const seen = await answers();
      return NAMES.every((name) => seen[name] === wanted[name]) ? seen : null;
    },
    30_000,
  );

/** Every batch in `received`, and whether the roots of this database open its seal. Per person and root version: opened/all. */
async function opening(db: Database): Promise<Record<string, string>> {
  const { stores, deployment } = it;
  const clock = { now: () => performance.now() };
  const { random } = processHost;
  const keks = createFileKms(deployment.kekFile, clock, random);
  const vault = openVault({ db, keks, random, clock, calendar: processHost.clock });
  const topic = withPrefix(deployment.topicPrefix, batchesReceived);
  const codec = await createRegistryCodecs({ url: deployment.schemaRegistryUrl }).for(topic);
  const counts = new Map<string, [number, number]>();
  for (let partition = 0; partition < deployment.partitions; partition++) {
    for await (const { value } of stores.kafka.readFrom(topic.name, partition, 0)) {
      const { app, wallet, rootVersion, sealed } = codec.decode(value);
      const name = NAMES.find((one) => toHex(people[one].publicKey) === toHex(wallet));
      const key = `${name}/${rootVersion}`;
      const [opened, all] = counts.get(key) ?? [0, 0];
      const [root] = await vault.roots([{ app, wallet, rootVersion }]);
      const opens = root ? openTransit(transitKeyPair(root.userRoot), sealed).length > 0 : false;
      counts.set(key, [opened + (opens ? 1 : 0), all + 1]);
    }
  }
  await vault.close();
  return Object.fromEntries(
    [...counts].map(([key, [opened, all]]) => [
      key,
      opened === all ? 'opens' : opened === 0 ? 'shut' : `${opened}/${all}`,
    ]),
  );
}

const keys = async (args: readonly string[], databaseUrl: string, kekFile = it.deployment.kekFile) => {
  const { code, stdout, stderr } = await ddc(['keys', ...args], {
    ...it.suite.env,
    DATABASE_URL: databaseUrl,
    DDC_KEK_FILE: kekFile,
  });
  return { code, stderr, value: code === 0 ? (JSON.parse(stdout) as Record<string, unknown>) : null };
};
async function emptyDatabase(label: string): Promise<TestDatabase> {
  const database = await openTestDatabase(label);
  spare.push(database);
  return database;
}
const rootsIn = async (db: Database) => (await db.kysely.selectFrom('user_roots').select('wallet').execute()).length;

let early: string;
let late: string;
let before: DatabaseCopy;
const ALIVE = { 'back/2': 'opens', 'gone/1': 'shut', 'back/1': 'shut', 'stays/1': 'opens' };

test('erased and re-opened: the backup from before, and one from after', async () => {
  const { url } = it.suite.database;
  expect(await answers()).toEqual({ stays: 202, gone: 202, back: 202 });
  early = join(it.suite.folder, 'early.keys');
  expect(await keys(['backup', early], url)).toMatchObject({ code: 0, value: { roots: 3, keks: [1] } });
  expect(await keys(['backup', early], url)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('never replaces another'),
  });
  await eventually('everything is indexed', async () => {
    const rows = await it.stores.database.kysely.selectFrom('batches').select('origin').execute();
    return rows.length === 3 ? rows : null;
  });
  before = await copyDatabase(it.stores.database);

  const erasures = await Promise.all(
    (['gone', 'back'] as const).map(async (name) => [name, (await requestsOf(name).erase()).id] as const),
  );
  for (const [name, id] of erasures)
    await eventually(`receipt of ${name}`, async () =>
      (await requestsOf(name).removal(id)).state === 'done' ? true : null,
    );
  expect(await requestsOf('back').reopen()).toMatchObject({ rootVersion: 2 });
  await answered({ stays: 202, gone: 410, back: 202 });
  expect(await opening(it.stores.database)).toEqual(ALIVE);
  late = join(it.suite.folder, 'late.keys');
  expect(await keys(['backup', late], url)).toMatchObject({ code: 0, value: { roots: 4 } });
}, 120_000);

test('restored into the same database, the old backup changes nothing', async () => {
  const { database } = it.suite;
  expect(await keys(['restore', early], database.url)).toMatchObject({
    code: 0,
    value: { inserted: 0, erased: 2, kept: 1, clashing: 0, reapplied: { removals: 0, roots: 0 } },
  });
  expect(await opening(database)).toEqual(ALIVE);
  await answered({ stays: 202, gone: 410, back: 202 });
}, 60_000);

test('restored into an empty database: the log of removals judges, and the newer backup brings the new root', async () => {
  const database = await emptyDatabase('restore_empty');
  expect(await keys(['restore', early], database.url)).toMatchObject({
    code: 0,
    value: { inserted: 1, erased: 2, kept: 0, clashing: 0, reapplied: { removals: 2, roots: 2 } },
  });
  expect(await opening(database)).toEqual({ ...ALIVE, 'back/2': 'shut' });
  expect(await keys(['restore', late], database.url)).toMatchObject({
    code: 0,
    value: { inserted: 1, erased: 2, kept: 1, clashing: 0 },
  });
  expect(await opening(database)).toEqual(ALIVE);
}, 60_000);

test('control: where the log of removals is ignored, the same backup brings the erased back', async () => {
  const database = await emptyDatabase('restore_control');
  const kms = createFileKms(it.deployment.kekFile, performance, processHost.random);
  expect(await restoreKeys({ db: database, kms, random: processHost.random }, early)).toMatchObject({
    inserted: 3,
    erased: 0,
  });
  expect(await opening(database)).toMatchObject({ 'gone/1': 'opens', 'back/1': 'opens' });
}, 60_000);

test('a backup from before the KEK was destroyed is refused before anything is written', async () => {
  const database = await emptyDatabase('restore_kek');
  const later = join(it.suite.folder, 'later.kek');
  writeFileSync(later, `2 ${'22'.repeat(32)}\n`, { mode: 0o600 });
  for (const command of ['restore', 'check'])
    expect(await keys([command, early], database.url, later)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('KEK 1'),
    });
  writeFileSync(later, `1 ${'22'.repeat(32)}\n`, { mode: 0o600 });
  expect(await keys(['restore', early], database.url, later)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('another key'),
  });
  expect(await rootsIn(database)).toBe(0);
  expect(await database.kysely.selectFrom('removals').select('id').execute()).toEqual([]);
}, 60_000);

test('the whole database restored to before the erasures: the API puts them back by itself, receipts included', async () => {
  const database = await emptyDatabase('restore_older');
  await pasteDatabase(database, before);
  // As it stands, it opens what was erased.
  expect(await opening(database)).toMatchObject({ 'gone/1': 'opens', 'back/1': 'opens', 'back/2': 'shut' });
  const { rooms } = it.sandbox;
  await Promise.all(ROOMS.map((room) => rooms.stop(room)));
  for (const room of ROOMS) {
    await rooms.start(room, { DATABASE_URL: database.url });
    await rooms.ready(room);
  }
  expect(await opening(database)).toEqual({ ...ALIVE, 'back/2': 'shut' });
  await answered({ stays: 202, gone: 410, back: 410 });
  await eventually('both erasures have a receipt again', async () => {
    const done = await database.kysely.selectFrom('removals').select('id').where('state', '=', 'done').execute();
    return done.length === 2 ? done : null;
  });
  const indexed = async (name: Name) =>
    database.kysely.selectFrom('batches').select('root_version').where('wallet', '=', people[name].publicKey).execute();
  // What was re-opened and pinned before the restore may be read again: it lives. Nothing of the erased does.
  const old = (await indexed('back')).filter((row) => row.root_version === 1);
  expect([await indexed('gone'), old]).toEqual([[], []]);
  expect((await indexed('stays')).length).toBeGreaterThan(0);

  expect(await keys(['restore', late], database.url)).toMatchObject({
    code: 0,
    value: { inserted: 1, erased: 2, kept: 1 },
  });
  await answered({ stays: 202, gone: 410, back: 202 });
  expect(await opening(database)).toEqual(ALIVE);
}, 120_000);
