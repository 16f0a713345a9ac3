import { randomBytes } from 'node:crypto';
import { openKubo } from '../../connectors/ipfs/kubo.ts';
import { createKafkaLookup, createKafkaWriter, readLogId } from '../../connectors/kafka/index.ts';
import { createFileKms } from '../../connectors/kms/file-kms.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { openDatabase } from '../../connectors/postgres/database.ts';
import { createIndexStore } from '../../connectors/postgres/index-store.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { createAppSchemas, createRegistryCodecs } from '../../connectors/registry/index.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { DEFAULT_SCOPE, keyPairFromSeed, signBatch, signRequest, toHex, verifyRequest } from '../../protocol/index.ts';
import type { Pinned } from '../../schemas/index.ts';
import { encryptBatch } from '../../services/encryptor/encrypt-batch.ts';
import { createFlushKeys } from '../../services/encryptor/flush-keys.ts';
import { indexEntry } from '../../services/indexer/index-entry.ts';
import { batchBlock } from '../../services/pinner/batch-block.ts';
import { planFlush } from '../../services/pinner/plan-flush.ts';
import { processHost } from '../../services/pipeline/host/main.ts';
import { DEFAULT_CLUSTER } from '../../services/pipeline/ports/clusters.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { log as logTopic } from '../../topics/log.ts';
import { partitionOf } from '../../topics/partition.ts';
import { emptyTopic } from '../baseline/empty-topic.ts';
import { SCHEMAS, typedEvent } from './typed-events.ts';

/** Events of one batch: what the SDK sends at most, unless told otherwise. */
export const BATCH = 100;
export const PARTITIONS = 4;
const WALLETS = 64;
const DAY = 24 * 3_600_000;
/** Batches that are made, pinned and sent together: a send of each partition stays below 3 MiB. */
const TOGETHER = 100;

/**
 * Fills `pinned` of a deployment, and where asked index and IPFS, with what the rooms before would have put there, by their own steps. Its app
 * has a schema for every type, and its wallets let the app's exports read everything.
 */
export async function openPinnedFeed(env: Readonly<Record<string, string>>) {
  const network = env.DDC_NETWORK as string;
  const kafka = {
    brokers: (env.KAFKA_BROKERS as string).split(','),
    clientId: 'bench',
    log: { warn() {}, error() {} },
  };
  const url = env.SCHEMA_REGISTRY_URL as string;
  const { clock, random } = processHost;
  const db = openDatabase(env.DATABASE_URL as string);
  const ipfs = openKubo({ name: DEFAULT_CLUSTER, url: env.IPFS_API as string });
  const lookup = createKafkaLookup(kafka);
  const writer = createKafkaWriter(kafka);
  const codecs = createRegistryCodecs({ url });
  const codec = await codecs.for(batchesPinned);
  const logId = await readLogId(lookup, await codecs.for(logTopic), logTopic.name);
  const positions = createPositions(db, logId);
  const index = createIndexStore(db, logId, () => undefined);
  const vault = openVault({
    db,
    keks: createFileKms(env.DDC_KEK_FILE as string, clock, random),
    random,
    clock,
    calendar: clock,
  });
  const newPair = () => keyPairFromSeed('sr25519', new Uint8Array(randomBytes(32)));
  const app = newPair();
  const wallets = Array.from({ length: WALLETS }, newPair);
  const owners = wallets.map((wallet) => ({ app: app.publicKey, wallet: wallet.publicKey }));
  const sources = wallets.map(() => toHex(randomBytes(16)));

  await createApps(db).add({ app: app.publicKey, tier: 'free', open: true });
  const schemas = createAppSchemas({ url, prefix: '' });
  for (const [type, text] of Object.entries(SCHEMAS)) await schemas.add(toHex(app.publicKey), type, text);
  const requests = createRequests(db, () => {
    throw new Error('a policy makes no root');
  });
  for (const wallet of wallets) {
    const policy = signRequest(
      {
        ...{ kind: 'policy' as const, network, app: toHex(app.publicKey), wallet: toHex(wallet.publicKey) },
        ...{ id: toHex(randomBytes(16)), issuedAt: Date.now(), signer: 'wallet' as const, wrap: 'none' as const },
        algorithm: 'sr25519',
        content: { scopes: [DEFAULT_SCOPE], recipients: 'app', expiresAt: Date.now() + DAY },
      },
      wallet,
    );
    await requests.once(verifyRequest(policy, { network, kind: 'policy' }), async () => ({}));
  }
  const transits = await vault.transit(owners);
  const roots = await vault.roots(owners.map((owner, i) => ({ ...owner, rootVersion: transits[i]?.rootVersion ?? 0 })));

  const ends = Array.from({ length: PARTITIONS }, () => 0);
  let made = 0;

  function make(): { partition: number; value: Pinned; encoded: Uint8Array } {
    const i = made % WALLETS;
    const [wallet, owner, root] = [wallets[i], owners[i], roots[i]];
    if (!wallet || !owner || !root) throw new Error('the vault has no root');
    const first = made * BATCH;
    const signed = signBatch({
      ...{ network, app: toHex(owner.app), wallet: toHex(owner.wallet), source: sources[i] as string },
      ...{
        seq: Math.floor(made / WALLETS),
        issuedAt: Date.now(),
        signer: 'wallet',
        algorithm: 'sr25519',
        wrap: 'none',
      },
      ...{ keyPair: wallet, events: Array.from({ length: BATCH }, (_, n) => typedEvent(first + n)) },
    });
    made += 1;
    const body = encryptBatch({
      ...{ batch: signed, root, app: owner.app, keys: createFlushKeys() },
      random: (length) => new Uint8Array(randomBytes(length)),
    });
    const { encoded, hash, bytes } = batchBlock({ app: owner.app, ...body });
    const { source, seq } = body.summary;
    const place = { cluster: DEFAULT_CLUSTER, segment: new Uint8Array(36), slot: 0, hash, bytes };
    const head = { batchId: signed.batchId, ...owner, rootVersion: root.rootVersion, source, seq, reason: null };
    return {
      partition: partitionOf(owner.wallet, PARTITIONS),
      value: { ...head, body: { ...body, ...place } },
      encoded,
    };
  }

  /** Segments for real, and the places of the batches in them. */
  async function pin(batches: ReturnType<typeof make>[]): Promise<void> {
    const plan = planFlush(batches.map(({ encoded }) => ({ cluster: DEFAULT_CLUSTER, encoded })));
    for (const { car, root } of plan.clusters) await ipfs.importCar(car, root);
    for (const [i, { value }] of batches.entries()) {
      const place = plan.places[i];
      if (place && value.body) Object.assign(value.body, { segment: place.segment.bytes, slot: place.slot });
    }
  }

  async function send(partition: number, values: readonly Pinned[], indexed: boolean): Promise<void> {
    const first = ends[partition] as number;
    const key = (value: Pinned) => value.wallet;
    await writer.send(
      batchesReceived.name,
      partition,
      values.map((value) => ({ key: key(value), value: new Uint8Array(1) })),
    );
    await writer.send(
      batchesPinned.name,
      partition,
      values.map((value, i) => ({
        key: key(value),
        value: codec.encode(value),
        headers: { origin: String(first + i) },
      })),
    );
    const end = first + values.length;
    ends[partition] = end;
    if (!indexed) return;
    const to = { next: end, mark: end - 1 };
    const entries = values.map((value, i) => indexEntry({ origin: first + i, value }));
    const isIndexed = await index.apply(partition, await positions.load('indexer', partition), to, entries);
    const isPinned = await positions.compareAndSet('pinner', partition, await positions.load('pinner', partition), to);
    if (!isIndexed || !isPinned) throw new Error('somebody else is at work on this deployment');
  }

  return {
    /** Lower-case hex. */
    app: toHex(app.publicKey),
    /** So many events more. @param indexed whether they are also in the index and in IPFS: only what was so from the beginning */
    async feed(events: number, { indexed }: { readonly indexed: boolean }): Promise<void> {
      for (let left = Math.ceil(events / BATCH); left > 0; left -= TOGETHER) {
        const batches = Array.from({ length: Math.min(left, TOGETHER) }, make);
        if (indexed) await pin(batches);
        for (let partition = 0; partition < PARTITIONS; partition += 1) {
          const values = batches.filter((one) => one.partition === partition).map(({ value }) => value);
          if (values.length > 0) await send(partition, values, indexed);
        }
      }
    },
    /** Makes Kafka let go of all batches: what is still to be had of them is in IPFS. */
    async trim(): Promise<void> {
      await emptyTopic(kafka.brokers, batchesPinned.name, ends);
    },
    async close(): Promise<void> {
      await vault.close();
      await writer.close();
      await lookup.close();
      await ipfs.close();
      await db.close();
    },
  };
}
