import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CID } from 'multiformats/cid';
import { openKubo } from '../../connectors/ipfs/kubo.ts';
import { createKafkaConsumer, createKafkaLookup, createKafkaWriter } from '../../connectors/kafka/index.ts';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createAdmission } from '../../connectors/postgres/admission.ts';
import { createClusters } from '../../connectors/postgres/clusters.ts';
import { createPins } from '../../connectors/postgres/pins.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { overwriteRoots } from '../../connectors/postgres/user-roots.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { META_SCOPE, open, openMeta, ready, scopeKey, sealTransit, toHex } from '../../protocol/index.ts';
import type { Pinned, Received } from '../../schemas/index.ts';
import { LIMITS as ENCRYPTOR_LIMITS, encryptorPlan } from '../../services/encryptor/worker.ts';
import { LIMITS as PINNER_LIMITS, pinnerPlan } from '../../services/pinner/worker.ts';
import type { Random } from '../../services/pipeline/clock.ts';
import { NO_SIGNALS } from '../../services/pipeline/events.ts';
import { NO_FAULTS } from '../../services/pipeline/faults.ts';
import { processHost } from '../../services/pipeline/host/main.ts';
import type { Codec } from '../../services/pipeline/ports/codec.ts';
import type { Owner, Vault } from '../../services/pipeline/ports/vault.ts';
import { ALL_RULES } from '../../services/pipeline/rules/rules.ts';
import type { Worker } from '../../services/pipeline/worker.ts';
import { startStage } from '../../services/pipeline/worker.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { topics } from '../../topics/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { kafkaOptions, rawKafka, uniqueName } from '../support/kafka.ts';
import { createTestSigner } from '../support/signed-batches.ts';

const PARTITION = 1;
const ipfsApi = process.env.IPFS_API ?? '';
const registryUrl = process.env.SCHEMA_REGISTRY_URL ?? '';
const prefix = `${uniqueName('t')}.`;
const random: Random = processHost.random;
const { clock } = processHost;

let db: TestDatabase;
let vault: Vault;
let workers: Worker[] = [];
const closers: (() => Promise<void>)[] = [];
const failures: unknown[] = [];
const kafka = kafkaOptions();
const writer = createKafkaWriter(kafka);
const lookup = createKafkaLookup(kafka);
let receivedCodec: Codec<Received>;
let pinnedCodec: Codec<Pinned>;

beforeAll(async () => {
  await ready();
  db = await openTestDatabase('encryptor_pinner');
  await createTopics();
  const codecs = createRegistryCodecs({ url: registryUrl });
  receivedCodec = await codecs.for({ ...batchesReceived, name: `${prefix}${batchesReceived.name}` });
  pinnedCodec = await codecs.for({ ...batchesPinned, name: `${prefix}${batchesPinned.name}` });
  vault = openVault({ db, keks: parseKeks(`1 ${'cd'.repeat(32)}`), random, clock, calendar: clock });
  const positions = createPositions(db, new Uint8Array(randomBytes(16)));
  const onFatal = (error: unknown) => void failures.push(error);
  const edges = {
    positions,
    lookup,
    clock,
    random,
    signals: NO_SIGNALS,
    rules: ALL_RULES,
    writer,
    faults: NO_FAULTS,
    onFatal,
  };
  const consumer = (room: string, topic: string) =>
    createKafkaConsumer({ ...kafka, group: `${prefix}${room}`, topic, lookup });

  const encryptor = await encryptorPlan(prefix, codecs, {
    vault,
    admission: createAdmission(db),
    random: (length) => random.bytes(length),
    rules: ALL_RULES,
    transit: 'sealed',
  });
  const kubo = openKubo({ name: 'cere-mainnet', url: ipfsApi });
  const pinner = await pinnerPlan(prefix, codecs, {
    clusters: createClusters(db),
    pins: createPins(db),
    ipfs: new Map([[kubo.name, kubo]]),
    faults: NO_FAULTS,
  });
  workers = [
    startStage(consumer('encryptor', encryptor.topics.input), encryptor, ENCRYPTOR_LIMITS, edges),
    startStage(consumer('pinner', pinner.topics.input), pinner, PINNER_LIMITS, edges),
  ];
  closers.push(() => kubo.close());
}, 60_000);

afterAll(async () => {
  for (const worker of workers) await worker.close();
  await writer.close();
  await lookup.close();
  for (const close of closers) await close();
  await deleteTopics();
  await db.close();
  expect(failures).toEqual([]);
}, 60_000);

async function onAdmin(
  use: (admin: ReturnType<ReturnType<typeof rawKafka>['admin']>) => Promise<unknown>,
): Promise<void> {
  const admin = rawKafka().admin();
  await admin.connect();
  try {
    await use(admin);
  } finally {
    await admin.disconnect();
  }
}
const createTopics = () =>
  onAdmin((admin) =>
    admin.createTopics({
      waitForLeaders: true,
      topics: topics.map(({ name }) => ({
        topic: `${prefix}${name}`,
        numPartitions: 2,
        replicationFactor: 1,
        configEntries: [{ name: 'max.message.bytes', value: '3145728' }],
      })),
    }),
  );
const deleteTopics = () =>
  onAdmin((admin) => admin.deleteTopics({ topics: topics.map(({ name }) => `${prefix}${name}`) }));

/** What the API does once it has verified a batch. */
async function accept(batches: readonly (Owner & { batchId: Uint8Array; body: Uint8Array })[]): Promise<number> {
  const keys = await vault.transit(batches);
  const records = batches.map(({ app, wallet, batchId, body }, i) => {
    const key = keys[i];
    if (!key) throw new Error('the owner is erased');
    const sealed = sealTransit(key.publicKey, body);
    const { rootVersion } = key;
    const value: Received = { batchId, app, wallet, rootVersion, receivedAt: Date.now(), format: 'ndjson', sealed };
    return { key: wallet, value: receivedCodec.encode(value) };
  });
  return writer.send(`${prefix}${batchesReceived.name}`, PARTITION, records);
}

/** Awaits the outputs of these origins and returns them, in the order of the topic. */
async function pinnedUpTo(first: number, last: number): Promise<{ origin: number; value: Pinned }[]> {
  const topic = `${prefix}${batchesPinned.name}`;
  while ((await lookup.endOffset(topic, PARTITION)) <= last) {
    if (failures.length > 0) throw failures[0];
    await clock.sleep(50);
  }
  const found: { origin: number; value: Pinned }[] = [];
  for (let offset = first; offset <= last; offset++) {
    const record = await lookup.readAt(topic, PARTITION, offset);
    found.push({ origin: Number(record.headers.origin), value: pinnedCodec.decode(record.value) });
  }
  return found;
}

/** One event by its path, as any IPFS client reads it: `ipfs dag get <segment>/batches/<slot>/events/<i>`. */
async function dagGet(path: string): Promise<Record<string, Uint8Array>> {
  const response = await fetch(`${ipfsApi}/api/v0/dag/get?arg=${encodeURIComponent(path)}`, { method: 'POST' });
  if (!response.ok) throw new Error(await response.text());
  const scopes = (await response.json()) as Record<string, { '/': { bytes: string } }>;
  return Object.fromEntries(
    Object.entries(scopes).map(([name, value]) => [name, new Uint8Array(Buffer.from(value['/'].bytes, 'base64'))]),
  );
}

describe('encryptor and pinner on real parts', () => {
  test('batches in `received` come out in `pinned`, and every event opens from IPFS by its path', async () => {
    const signers = Array.from({ length: 6 }, () => createTestSigner());
    const sent = signers.flatMap((signer) =>
      [signer.sign({ count: 4 }), signer.sign({ count: 1 })].map((batch) => ({ signer, batch })),
    );
    const first = await accept(
      sent.map(({ signer, batch }) => ({ ...signer, batchId: batch.batchId, body: batch.ndjson })),
    );
    const out = await pinnedUpTo(first, first + sent.length - 1);

    for (const [i, { origin, value }] of out.entries()) {
      const { signer, batch } = sent[i] as (typeof sent)[number];
      expect([origin, toHex(value.batchId)]).toEqual([first + i, toHex(batch.batchId)]);
      if (!value.body) throw new Error(`void ${value.reason}`);
      const { segment, slot, subject, epoch, meta } = value.body;
      const [root] = await vault.roots([{ ...signer, rootVersion: value.rootVersion }]);
      if (!root) throw new Error('no root');
      const key = (scope: string) => scopeKey(root.userRoot, signer.app, scope, epoch);
      const proved = openMeta({ scopeKey: key(META_SCOPE), subject, app: signer.app, epoch, envelope: meta });
      expect(toHex(proved.batchId)).toBe(toHex(batch.batchId));
      for (const [n, event] of batch.events.entries()) {
        const envelopes = await dagGet(`${CID.decode(segment)}/batches/${slot}/events/${n}`);
        expect(Object.keys(envelopes).sort()).toEqual(Object.keys(event.scopes).sort());
        for (const [scope, envelope] of Object.entries(envelopes)) {
          const place = { scopeKey: key(scope), epoch, app: signer.app, subject, eventId: event.id, scope };
          const content = event.scopes[scope];
          expect(open({ ...place, envelope }).data).toBe(content && 'data' in content ? content.data : '');
        }
      }
    }
  }, 60_000);

  test('one pin for what came together, recorded with its origins', async () => {
    const signers = Array.from({ length: 20 }, () => createTestSigner());
    const sent = signers.map((signer) => ({ ...signer, ...bodyOf(signer.sign()) }));
    const first = await accept(sent);
    const last = first + sent.length - 1;
    await pinnedUpTo(first, last);
    const pins = (await createPins(db).upTo(PARTITION, last)).filter((pin) => pin.last >= first);
    expect(pins.length).toBeLessThanOrEqual(2);
    expect([pins[0]?.first, pins.at(-1)?.last]).toEqual([first, last]);
    const kubo = openKubo({ name: 'cere-mainnet', url: ipfsApi });
    const pinned = new Set<string>();
    for await (const cid of kubo.pins()) pinned.add(String(cid));
    await kubo.close();
    for (const { root } of pins) expect(pinned).toContain(String(root));
  }, 60_000);

  test('duplicates, unreadable bodies and erased owners become voids in their places', async () => {
    const [signer, gone] = [createTestSigner(), createTestSigner()];
    const batch = signer.sign();
    await vault.transit([gone]);
    const lost = gone.sign();
    const inputs = [
      { ...signer, ...bodyOf(batch) },
      { ...signer, ...bodyOf(batch) },
      { ...signer, ...bodyOf(signer.sign()), body: new TextEncoder().encode('not a batch\n') },
      { ...gone, ...bodyOf(lost) },
      { ...signer, ...bodyOf(signer.sign()) },
    ];
    await overwriteRoots(db.kysely, gone);
    const first = await accept(inputs);
    const out = await pinnedUpTo(first, first + inputs.length - 1);
    expect(out.map(({ origin }) => origin)).toEqual(inputs.map((_, i) => first + i));
    expect(out.map(({ value }) => value.reason)).toEqual([null, 'duplicate', 'dead', 'erased', null]);
    expect(out[1]?.value.seq).toBe(batch.header.seq);
  }, 60_000);

  test('the largest legal batch passes both rooms', async () => {
    const signer = createTestSigner();
    const batch = signer.sign({
      count: 1_000,
      scopes: (i) => ({ purchase: `${i}`.padEnd(240, '.'), profile: 'x'.repeat(60) }),
    });
    const first = await accept([{ ...signer, ...bodyOf(batch) }]);
    const [out] = await pinnedUpTo(first, first);
    expect(out?.value.body?.summary.count).toBe(1_000);
    expect(out?.value.body?.bytes).toBeGreaterThan(700_000);
  }, 60_000);
});

const bodyOf = ({ batchId, ndjson }: { batchId: Uint8Array; ndjson: Uint8Array }) => ({ batchId, body: ndjson });
