import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CID } from 'multiformats/cid';
import { appsAdd } from '../../cli/apps.ts';
import { applyTopics } from '../../cli/topics.ts';
import { openKubo } from '../../connectors/ipfs/kubo.ts';
import { decodeBlobTop, encodeNdjson, MAX_BLOB, toHex } from '../../protocol/index.ts';
import { UNREFERENCED_MS, UPLOAD_MS } from '../../services/pipeline/ports/blobs.ts';
import { app, someBatch, someEvent, wallet } from '../support/api.ts';
import { bearer } from '../support/call-api.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { brokers, uniqueName } from '../support/kafka.ts';
import { type KuboProxy, startKuboProxy } from '../support/kubo-proxy.ts';
import { eventually, type RoomProcess, startRoom } from '../support/room-process.ts';

const MIB = 1024 * 1024;
let db: TestDatabase;
let folder: string;
let node: KuboProxy;
let room: RoomProcess;
let url: string;
const prefix = `${uniqueName('blobs')}.`;

async function start(more: Record<string, string> = {}): Promise<void> {
  room = startRoom('api', {
    DATABASE_URL: db.url,
    DDC_TOPIC_PREFIX: prefix,
    DDC_KEK_FILE: join(folder, 'kek'),
    DDC_RECEIPT_SEED_FILE: join(folder, 'receipt'),
    IPFS_API: node.url,
    ...more,
  });
  url = `http://127.0.0.1:${await room.listening}`;
}

beforeAll(async () => {
  db = await openTestDatabase('blobs_api');
  const registryUrl = process.env.SCHEMA_REGISTRY_URL ?? '';
  await applyTopics({ brokers: brokers(), registryUrl, prefix, partitions: 1 });
  await appsAdd(db.url, toHex(app.publicKey), { tier: 'free', open: true });
  folder = await mkdtemp(join(tmpdir(), 'ddc-blobs-'));
  await writeFile(join(folder, 'kek'), `1 ${'5a'.repeat(32)}\n`);
  await writeFile(join(folder, 'receipt'), '5b'.repeat(32));
  node = await startKuboProxy(process.env.IPFS_API ?? '');
  await start();
}, 60_000);
afterAll(async () => {
  await room?.kill();
  node?.close();
  await db?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const address = (rest: string) =>
  `${url}/v1/wallets/${toHex(wallet.publicKey)}/apps/${toHex(app.publicKey)}/blobs${rest}`;
const token = (operation: string) =>
  bearer({ keyPair: wallet, app: app.publicKey, by: 'wallet', operations: [operation] });
const uploadId = () => randomBytes(16).toString('hex');
const some = (length: number) => new Uint8Array(randomBytes(length));

async function* generated(part: Uint8Array, times: number) {
  for (let n = 0; n < times; n++) yield part;
}
async function upload(body: unknown, id = uploadId()) {
  const answer = await fetch(address(`?upload=${id}`), {
    method: 'POST',
    headers: token('blobs.write'),
    body,
    duplex: 'half',
  } as RequestInit);
  return { status: answer.status, body: (await answer.json()) as { cid: string; size: number; code?: string } };
}
const download = (cid: string, headers: Record<string, string> = {}) =>
  fetch(address(`/${cid}`), { headers: { ...token('blobs.read'), ...headers } });
/** Highest resident memory of the API so far, bytes. */
const peak = () => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${room.pid}/status`, 'utf8'))?.[1]) * 1024;
const rows = () => db.kysely.selectFrom('blobs').select(['state', 'cid', 'pinned']).execute();

test('64 MiB up and down, with less than 300 MB of memory in the API', async () => {
  const part = some(MIB);
  const before = peak();
  let since = performance.now();
  const { status, body } = await upload(ReadableStream.from(generated(part, 64)));
  const up = performance.now() - since;
  expect([status, body.size]).toEqual([201, MAX_BLOB]);
  expect(await node.pinned()).toHaveLength(65);
  since = performance.now();
  const answer = await download(body.cid);
  const hash = createHash('sha256');
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) hash.update(chunk);
  const down = performance.now() - since;
  const expected = createHash('sha256');
  for (let n = 0; n < 64; n++) expected.update(part);
  expect(hash.digest('hex')).toBe(expected.digest('hex'));
  const mb = (bytes: number) => Math.round(bytes / 1e6);
  process.stdout.write(
    `64 MiB up in ${Math.round(up)} ms and down in ${Math.round(down)} ms; the API's memory was ${mb(before)} MB before and ${mb(peak())} MB at most\n`,
  );
  expect(peak()).toBeLessThan(300e6);
}, 60_000);

test('a chunk that the node gives out with a flipped bit: the connection breaks before a byte of it', async () => {
  const bytes = some(3 * MIB);
  const { cid } = (await upload(bytes)).body;
  const kubo = openKubo({ name: 'cere-mainnet', url: process.env.IPFS_API ?? '' });
  const { chunks } = decodeBlobTop(await kubo.block(CID.parse(cid)), cid);
  await kubo.close();
  node.flipped.add(chunks[2] as string);
  const answer = await download(cid);
  let seen = 0;
  const reading = (async () => {
    for await (const part of answer.body as unknown as AsyncIterable<Uint8Array>) {
      expect(Buffer.compare(part, bytes.subarray(seen, seen + part.length))).toBe(0);
      seen += part.length;
    }
  })();
  await expect(reading).rejects.toThrow();
  expect(seen).toBeLessThanOrEqual(2 * MIB);
  await eventually('the operator is told', async () => (room.output().includes('"event":"unreadable"') ? true : null));
  node.flipped.delete(chunks[2] as string);
  const ranged = await download(cid, { range: `bytes=${2 * MIB - 3}-${2 * MIB + 2}` });
  expect(ranged.status).toBe(206);
  expect(Buffer.compare(new Uint8Array(await ranged.arrayBuffer()), bytes.subarray(2 * MIB - 3, 2 * MIB + 3))).toBe(0);
});

/** Sends three of five chunks, and waits until the node has had two. */
async function halfway() {
  const had = node.stored.size;
  const request = httpRequest(address(`?upload=${uploadId()}`), {
    method: 'POST',
    headers: { ...token('blobs.write'), 'content-length': 5 * MIB },
  });
  request.on('error', () => undefined);
  request.write(some(3 * MIB + 5));
  await eventually('two chunks are stored', async () => (node.stored.size >= had + 2 ? true : null));
  return request;
}

test('an upload that breaks off leaves nothing pinned and no row, whether the client or the API goes', async () => {
  const pins = await node.pinned();
  const known = (await rows()).length;
  (await halfway()).destroy();
  await eventually('the row is gone', async () => ((await rows()).length === known ? true : null));
  expect(await node.pinned()).toEqual(pins);

  await halfway();
  await room.kill();
  expect(await node.pinned()).toEqual(pins);
  expect((await rows()).filter(({ state }) => state === 'uploading')).toHaveLength(1);

  // The worst moment: pinned, and the row does not say so yet.
  await start({ DDC_FAULTS: '{"killAt":"after-blob-pin"}' });
  await expect(upload(some(MIB + 1))).rejects.toThrow();
  await room.ended();
  expect((await node.pinned()).length).toBeGreaterThan(pins.length);

  const hours = UPLOAD_MS + 60_000;
  await db.kysely
    .updateTable('blobs')
    .set(({ eb }) => ({ created_at: eb('created_at', '-', hours) }))
    .where('state', '=', 'uploading')
    .execute();
  await start();
  await eventually('what was interrupted is unpinned', async () => ((await rows()).length === known ? true : null));
  expect((await node.pinned()).sort()).toEqual(pins.sort());
}, 90_000);

test('a blob that an accepted batch names outlives 24 h, one that none names does not', async () => {
  const [named, unnamed] = [(await upload(some(9))).body.cid, (await upload(some(9))).body.cid];
  const batch = someBatch({ events: [someEvent({ blob: named })] });
  const answer = await fetch(`${url}/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: encodeNdjson(batch) as RequestInit['body'],
  });
  expect(answer.status).toBe(202);
  await db.kysely
    .updateTable('blobs')
    .set(({ eb }) => ({ finished_at: eb('finished_at', '-', UNREFERENCED_MS + 60_000) }))
    .execute();
  await eventually('it is unpinned', async () => ((await node.pinned()).includes(unnamed) ? null : true), 30_000);
  expect(await node.pinned()).toContain(named);
  expect([(await download(named)).status, (await download(unnamed)).status]).toEqual([200, 410]);
}, 60_000);
