import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { fromHex, META_SCOPE, scopeKey, toBase64url, toHex, transitKeyPair } from '../../protocol/index.ts';
import { topics } from '../../topics/index.ts';
import { type Search, searchBlocks, searchFiles, searchRecords, searchTables } from '../support/at-rest.ts';
import { drained } from '../support/drained.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { postAll, postBatch } from '../support/posting.ts';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';
import { createTestSigner, testEvent } from '../support/signed-batches.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** 32 random letters and digits. */
const canary = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => LETTERS[byte % LETTERS.length]).join('');

let it: SuiteSandbox;
beforeAll(async () => {
  it = await suiteSandbox('at-rest', { env: { DDC_LOG_LEVEL: 'debug' } });
}, 120_000);
afterAll(() => it?.close());

const BATCHES = 10;
const EVENTS_EACH = 10;
const ids: Uint8Array[] = [];

/** A hundred events with `secret` in each of three scopes, the third of which is called `scope`. */
async function send(secret: string, scope: string, type: string): Promise<void> {
  const signer = createTestSigner(it.app);
  await it.allow([signer]);
  const data = JSON.stringify({ note: `before ${secret} after` });
  const batches = Array.from({ length: BATCHES }, () => {
    const events = Array.from({ length: EVENTS_EACH }, (_, i) => ({
      ...testEvent(i, { purchase: data, profile: data, [scope]: data }),
      type,
    }));
    return signer.sign({ events, issuedAt: Date.now() });
  });
  await postAll(
    it.deployment.api,
    batches.map(({ ndjson }) => ndjson),
  );
  ids.push(...batches.map(({ batchId }) => batchId));
  // Refusals and their log lines must not quote what they refuse.
  const [first] = batches;
  const text = Buffer.from(first?.ndjson ?? '').toString();
  for (const broken of [
    text.replace('"seq":', '"seq":1'),
    text.replace('before', '"before'),
    text.replace('salt', secret),
  ])
    expect((await postBatch(it.deployment.api, Buffer.from(broken))).status).toBeGreaterThanOrEqual(400);
  await drained(it, { batchIds: ids, events: ids.length * EVENTS_EACH });
}

interface Places {
  /** Each part through its own interface: records decompressed, rows, blocks. */
  readonly records: Search;
  readonly rows: Search;
  readonly blocks: Search;
  /** Logs of the rooms and everything else of the run, the export's folder and secrets aside. */
  readonly logs: Search;
  /** Disks of the native parts, when the runner says where they are; null for parts that are given or in containers. */
  readonly kafka: Search | null;
  readonly postgres: Search | null;
  readonly ipfs: Search | null;
  /** Logs of the parts. */
  readonly partLogs: Search | null;
}

async function search(text: string): Promise<Places> {
  const { stores, suite, deployment } = it;
  await sql`CHECKPOINT`.execute(stores.database.kysely);
  const { rows } = await sql<{ data_directory: string }>`SHOW data_directory`.execute(stores.database.kysely);
  const folder = process.env.DDC_STACK_FOLDER;
  const files = (path: string | undefined) => (folder && path && existsSync(path) ? searchFiles(text, [path]) : null);
  return {
    records: await searchRecords(
      text,
      stores,
      topics.map(({ name }) => `${suite.prefix}${name}`),
    ),
    rows: await searchTables(text, stores),
    blocks: await searchBlocks(text, stores),
    logs: await searchFiles(text, [suite.folder], [deployment.exportFolder]),
    kafka: await files(folder && join(folder, 'kafka')),
    postgres: await files(rows[0]?.data_directory),
    ipfs: await files(folder && join(folder, 'ipfs')),
    partLogs: await files(folder && join(folder, 'logs')),
  };
}

const hitsOf = (places: Places): Record<string, readonly string[]> =>
  Object.fromEntries(Object.entries(places).map(([name, found]) => [name, found ? found.hits : []]));

function say(what: string, places: Places): void {
  const parts = Object.entries(places).map(([name, found]: [string, Search | null]) =>
    found
      ? `${name}: ${found.hits.length} hits in ${found.places} places, ${(found.bytes / 1e6).toFixed(2)} MB`
      : `${name}: files out of reach (the part is given or in a container), searched through its interface only`,
  );
  process.stderr.write(`${what}\n  ${parts.join('\n  ')}\n`);
}

const nowhere = { records: [], rows: [], blocks: [], logs: [], kafka: [], postgres: [], ipfs: [], partLogs: [] };

test('what users wrote rests nowhere in the clear but in the export', async () => {
  const secret = canary();
  const scope = canary();
  const type = canary();
  await send(secret, scope, type);
  const rows = await parquetRows(it.deployment.exportFolder);
  expect(rows.filter((row) => row.split(secret).length === 3)).toHaveLength(BATCHES * EVENTS_EACH);

  const places = await search(secret);
  say('a secret of 100 events', places);
  expect(hitsOf(places)).toEqual(nowhere);
  expect(places.logs.bytes).toBeGreaterThan(1_000);

  // What is public to operators is found by the same search: types in Kafka and the index, names of scopes in IPFS.
  const types = await search(type);
  expect(types.records.hits.length).toBeGreaterThan(0);
  expect(types.rows.hits).toContain('batches');
  expect((await search(scope)).blocks.hits.length).toBeGreaterThan(0);
  if (types.kafka) expect(types.kafka.hits.length).toBeGreaterThan(0);
  if (types.postgres) expect(types.postgres.hits.length).toBeGreaterThan(0);
}, 120_000);

test('no key that was used is in any log, with debug on', async () => {
  const { stores, app, sandbox, deployment } = it;
  const { rows } = await sql<{ wallet: Uint8Array }>`SELECT DISTINCT wallet FROM user_roots`.execute(
    stores.database.kysely,
  );
  const roots = await stores.vault.roots(rows.map(({ wallet }) => ({ app, wallet, rootVersion: 1 })));
  const keys = roots.flatMap((root) =>
    root
      ? [
          root.userRoot,
          transitKeyPair(root.userRoot).secretKey,
          ...['purchase', 'profile', META_SCOPE].map((scope) => scopeKey(root.userRoot, app, scope, root.epoch)),
        ]
      : [],
  );
  const kek = /[0-9a-f]{64}/.exec(readFileSync(deployment.kekFile, 'utf8'))?.[0] ?? '';
  keys.push(fromHex(kek, 32));
  expect(keys.length).toBeGreaterThan(5);
  const logs = dirname(sandbox.rooms.logFile('api'));
  const forms = (key: Uint8Array) => [
    toHex(key),
    Buffer.from(key).toString('base64').slice(0, 40),
    toBase64url(key).slice(0, 40),
    [...key.subarray(0, 12)].join(','),
  ];
  const written = readdirSync(logs)
    .map((name) => readFileSync(join(logs, name), 'utf8'))
    .join('');
  expect(keys.flatMap(forms).filter((text) => written.includes(text))).toEqual([]);
  // The same search finds what is there.
  expect(written).toContain(toHex(app));
}, 120_000);

test('control: without the seal of transit the same search finds it in Kafka', async () => {
  const { rooms } = it.sandbox;
  for (const room of ['api', 'encryptor'] as const) await rooms.start(room, { DDC_UNSAFE: 'transit' });
  for (const room of ['api', 'encryptor'] as const) await rooms.ready(room);
  const secret = canary();
  await send(secret, 'open', 'open');
  const places = await search(secret);
  say('the control', places);
  const { records, kafka, ...others } = hitsOf(places);
  expect(records?.length).toBeGreaterThan(0);
  expect(records?.every((place) => place.includes('ddc.batches.received'))).toBe(true);
  if (places.kafka) expect(kafka?.length).toBeGreaterThan(0);
  expect(others).toEqual({ rows: [], blocks: [], logs: [], postgres: [], ipfs: [], partLogs: [] });
}, 120_000);
