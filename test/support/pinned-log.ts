import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createKafkaWriter } from '../../connectors/kafka/index.ts';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { putErasure } from '../../connectors/postgres/removals.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { fromHex, type KeyPair, ready, signRequest, toHex, verifyRequest } from '../../protocol/index.ts';
import type { Pinned } from '../../schemas/index.ts';
import { RetriableError } from '../../services/pipeline/errors.ts';
import type { LogWriter } from '../../services/pipeline/ports/log.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { log as logTopic } from '../../topics/log.ts';
import { openTestDatabase } from './database.ts';
import { kafkaOptions, rawKafka, uniqueName } from './kafka.ts';
import { batchMaker, type MadeBatch, voidOf } from './pinned-batches.ts';

const KEK = `1 ${'cd'.repeat(32)}`;

/** `pinned` as the rooms before have written it, on the real stack, for readers that run as processes. */
export async function openPinnedLog(label: string, partitions: number) {
  await ready();
  const prefix = `${uniqueName(label)}-`;
  const named = (name: string) => `${prefix}${name}`;
  const db = await openTestDatabase(label);
  const scratch = await mkdtemp(join(tmpdir(), `ddc-${label}-`));
  await writeFile(join(scratch, 'kek'), KEK);
  const admin = rawKafka().admin();
  await admin.connect();
  const topics = [batchesReceived, batchesPinned].map(({ name }) => ({
    topic: named(name),
    numPartitions: partitions,
  }));
  await admin.createTopics({
    waitForLeaders: true,
    topics: [...topics, { topic: named(logTopic.name), numPartitions: 1 }],
  });
  await admin.disconnect();
  const writer = createKafkaWriter(kafkaOptions());
  const codecs = createRegistryCodecs({ url: process.env.SCHEMA_REGISTRY_URL ?? '' });
  const ids = await codecs.for({ name: named(logTopic.name), schema: logTopic.schema });
  const id = new Uint8Array(randomBytes(16));
  await writer.send(named(logTopic.name), 0, [{ key: new Uint8Array(1), value: ids.encode({ id }) }]);
  const codec = await codecs.for({ name: named(batchesPinned.name), schema: batchesPinned.schema });
  const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
  const clock = { now: () => Date.now() };
  const keks = parseKeks(KEK);
  const requests = createRequests(db, createFreshRoot(keks, random));
  const vault = openVault({ db, keks, random, clock, calendar: clock });
  const maker = batchMaker(vault, requests, { algorithm: 'sr25519' });
  const ends = new Array<number>(partitions).fill(0);
  const wallets = new Map<string, KeyPair>();

  /** A broker that is away is waited for. Without an answer nobody knows what was written: what comes twice is skipped by its origin. */
  async function sent(...what: Parameters<LogWriter['send']>): Promise<void> {
    for (;;) {
      try {
        await writer.send(...what);
        return;
      } catch (error) {
        if (!(error instanceof RetriableError)) throw error;
        await pause(200);
      }
    }
  }

  async function send(partition: number, records: readonly Pinned[]): Promise<void> {
    const first = ends[partition] ?? 0;
    const key = new Uint8Array(32);
    await sent(
      named(batchesReceived.name),
      partition,
      records.map(() => ({ key, value: key })),
    );
    await sent(
      named(batchesPinned.name),
      partition,
      records.map((record, i) => ({ key, value: codec.encode(record), headers: { origin: String(first + i) } })),
    );
    ends[partition] = first + records.length;
  }

  return {
    db,
    scratch,
    prefix,
    maker,
    /** The app's key, hex. */
    app: maker.app,
    /** For rooms and commands. */
    env: {
      DATABASE_URL: db.url,
      DDC_TOPIC_PREFIX: prefix,
      DDC_NETWORK: 'cere-sandbox',
      DDC_KEK_FILE: join(scratch, 'kek'),
    },
    /** Makes batches and sends them to the partitions in turn, a void after every third. @returns the rows that an export must show */
    async feed(batches: number, count: number): Promise<ExportRow[]> {
      const perPartition = ends.map((): Pinned[] => []);
      const next = [...ends];
      const rows: ExportRow[] = [];
      for (let i = 0; i < batches; i += 1) {
        const partition = i % partitions;
        const wallet = maker.newWallet();
        wallets.set(toHex(wallet.publicKey), wallet);
        const made: MadeBatch = await maker.make(wallet, count);
        const origin = next[partition] ?? 0;
        rows.push(...made.rows.map((row) => ({ ...row, origin, partition })));
        const records = i % 3 === 2 ? [made.pinned, voidOf(made.pinned, 'duplicate')] : [made.pinned];
        perPartition[partition]?.push(...records);
        next[partition] = origin + records.length;
      }
      for (const [partition, records] of perPartition.entries()) await send(partition, records);
      return rows;
    },
    /** Makes batches of another app. */
    anotherApp: () => batchMaker(vault, requests, { algorithm: 'sr25519' }),
    /** How many records each partition has. */
    ends: (): readonly number[] => ends,
    /** Sends records that were made otherwise. @returns the origin of the first */
    async append(partition: number, records: readonly Pinned[]): Promise<number> {
      const first = ends[partition] ?? 0;
      await send(partition, records);
      return first;
    },
    /** Everything of a wallet (hex) that was sent so far is erased. */
    async erase(wallet: string, partition: number): Promise<void> {
      const owner = { app: fromHex(maker.app, 32), wallet: fromHex(wallet, 32) };
      const fence = ends[partition] ?? 0;
      await putErasure(db.kysely, random.bytes(16), { ...owner, issuedAt: Date.now(), fence, rootVersions: [] });
    },
    /** Single events of a wallet (hex) are removed. */
    async remove(wallet: string, eventIds: readonly string[]): Promise<void> {
      const keyPair = wallets.get(wallet);
      if (!keyPair) throw new Error(`nothing was fed of ${wallet}`);
      const signed = signRequest(
        {
          ...{ kind: 'remove', network: 'cere-sandbox', app: maker.app, wallet, id: toHex(random.bytes(16)) },
          ...{ issuedAt: Date.now(), signer: 'wallet', algorithm: 'sr25519', wrap: 'none' },
          content: { events: [...eventIds], from: undefined, to: undefined, session: undefined },
        },
        keyPair,
      );
      const request = verifyRequest(signed, { network: 'cere-sandbox', kind: 'remove' });
      await requests.once(request, async (effects) => {
        await effects.remove({ events: eventIds });
        return {};
      });
    },
    async close(): Promise<void> {
      await vault.close();
      await writer.close();
      await db.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

export type PinnedLog = Awaited<ReturnType<typeof openPinnedLog>>;
