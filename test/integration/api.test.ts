import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appsAdd } from '../../cli/apps.ts';
import { applyTopics } from '../../cli/topics.ts';
import { createKafkaLookup } from '../../connectors/kafka/index.ts';
import { createAdmission } from '../../connectors/postgres/admission.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { encodeNdjson, fromHex, toHex } from '../../protocol/index.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { partitionOf } from '../../topics/partition.ts';
import { app, someBatch, someBody, someEvent, wallet } from '../support/api.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { brokers, kafkaOptions, uniqueName } from '../support/kafka.ts';
import { eventually, type RoomProcess, startRoom } from '../support/room-process.ts';

let db: TestDatabase;
let room: RoomProcess;
let folder: string | undefined;
let url: string;
let logId: Uint8Array;
const prefix = `${uniqueName('api')}.`;
const topic = `${prefix}${batchesReceived.name}`;
const lookup = createKafkaLookup(kafkaOptions());
const registryUrl = process.env.SCHEMA_REGISTRY_URL ?? '';
const PARTITIONS = 4;

beforeAll(async () => {
  db = await openTestDatabase('api');
  ({ logId } = await applyTopics({ brokers: brokers(), registryUrl, prefix, partitions: PARTITIONS }));
  await appsAdd(db.url, toHex(app.publicKey), { tier: 'free', open: true });
  folder = await mkdtemp(join(tmpdir(), 'ddc-api-'));
  await writeFile(join(folder, 'kek'), `1 ${'5a'.repeat(32)}\n`);
  await writeFile(join(folder, 'receipt'), '5b'.repeat(32));
  room = startRoom('api', {
    DATABASE_URL: db.url,
    DDC_TOPIC_PREFIX: prefix,
    DDC_KEK_FILE: join(folder, 'kek'),
    DDC_RECEIPT_SEED_FILE: join(folder, 'receipt'),
    DDC_DRAIN_SECONDS: '2',
  });
  url = `http://127.0.0.1:${await room.listening}`;
}, 60_000);

afterAll(async () => {
  await room?.kill();
  await lookup.close();
  await db?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const post = (body: Uint8Array) =>
  fetch(`${url}/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: body as RequestInit['body'],
  });
const statusOf = async (id: Uint8Array) => {
  const answer = await fetch(`${url}/v1/batches/${toHex(id)}`);
  return { http: answer.status, ...((await answer.json()) as Record<string, unknown>) };
};

test('a 202 names the place where Kafka has the batch', async () => {
  const batch = someBatch({ events: Array.from({ length: 100 }, () => someEvent()) });
  const answer = await post(encodeNdjson(batch));
  expect(answer.status).toBe(202);
  const { batchId, partition, offset } = (await answer.json()) as {
    batchId: string;
    partition: number;
    offset: number;
  };
  expect(partition).toBe(partitionOf(wallet.publicKey, PARTITIONS));
  const codec = await createRegistryCodecs({ url: registryUrl }).for({ ...batchesReceived, name: topic });
  const record = await lookup.readAt(topic, partition, offset);
  expect(toHex(record.key)).toBe(toHex(wallet.publicKey));
  expect(toHex(codec.decode(record.value).batchId)).toBe(batchId);
});

test('a refused batch leaves nothing in Kafka', async () => {
  const partition = partitionOf(wallet.publicKey, PARTITIONS);
  const before = await lookup.endOffset(topic, partition);
  const { header, events } = someBatch();
  const forged = encodeNdjson({ header: { ...header, seq: header.seq + 1 }, events });
  expect((await post(forged)).status).toBe(422);
  expect(await lookup.endOffset(topic, partition)).toBe(before);
});

test('many at once all get places of their own, in shared sends', async () => {
  const sent = async () =>
    Number(/ddc_api_sends\{[^}]*\} (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
  // On a busy machine requests may trickle in one by one: one round of several shares sends.
  for (let rounds = 10; rounds > 0; rounds -= 1) {
    const before = await sent();
    const answers = await Promise.all(Array.from({ length: 64 }, () => post(someBody())));
    const offsets = await Promise.all(answers.map(async (one) => ((await one.json()) as { offset: number }).offset));
    expect(answers.every((one) => one.status === 202)).toBe(true);
    expect(new Set(offsets).size).toBe(64);
    if ((await sent()) - before < 64) return;
  }
  throw new Error('no two requests shared a send');
});

test('the status follows the marks, and a batch that was let in keeps its first position', async () => {
  const batch = someBatch();
  const first = (await (await post(encodeNdjson(batch))).json()) as { partition: number; offset: number };
  expect(await statusOf(batch.batchId)).toMatchObject({ http: 404, code: 'unknown_batch' });

  await createAdmission(db).admit(first.partition, [
    {
      batchId: batch.batchId,
      app: app.publicKey,
      wallet: wallet.publicKey,
      rootVersion: 1,
      origin: first.offset,
      issuedAt: batch.header.issuedAt,
      retryOf: null,
    },
  ]);
  const none = { encrypted: false, pinned: false, indexed: false, settled: false };
  expect(await statusOf(batch.batchId)).toMatchObject({ http: 200, stages: none, outcome: 'live' });

  const positions = createPositions(db, logId);
  const row = await positions.load('encryptor', first.partition);
  await positions.compareAndSet('encryptor', first.partition, row, { next: first.offset + 1, mark: first.offset });
  expect(await statusOf(batch.batchId)).toMatchObject({ stages: { ...none, encrypted: true } });

  const again = await post(encodeNdjson(batch));
  expect(await again.json()).toEqual({ ...first, batchId: toHex(batch.batchId) });
  expect(fromHex(toHex(batch.batchId), 32)).toHaveLength(32);
});

test('readiness names what it depends on', async () => {
  const answer = await fetch(`${url}/readyz`);
  expect([answer.status, await answer.json()]).toEqual([
    200,
    {
      ready: true,
      state: 'ready',
      dependencies: {
        kafka: { ok: true, required: true },
        postgresql: { ok: true, required: true },
        ipfs: { ok: true, required: false },
        removals: { ok: true, required: false },
        'revoked-tokens': { ok: true, required: false },
      },
    },
  ]);
});

test('on SIGTERM it says that it drains, serves on for a while, finishes what is in hand and exits with 0', async () => {
  const ended = room.stop();
  await eventually('it drains', async () => ((await fetch(`${url}/readyz`)).status === 503 ? true : null), 5_000);
  expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ ready: false, state: 'draining' });
  const inFlight = Array.from({ length: 20 }, () => post(someBody()).then((answer) => answer.status));
  const first = await Promise.race(inFlight);
  expect(first).toBe(202);
  expect(await ended).toBe(0);
  const settled = await Promise.allSettled(inFlight);
  // Either answered, or refused in a way that a client repeats; never a broken answer.
  for (const one of settled) if (one.status === 'fulfilled') expect([202, 503]).toContain(one.value);
});
