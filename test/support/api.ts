import { randomBytes } from 'node:crypto';
import { createMemoryIpfs } from '../../connectors/ipfs/memory-ipfs.ts';
import { MemoryLog } from '../../connectors/kafka/memory-log.ts';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createMemoryAdmission } from '../../connectors/postgres/memory-admission.ts';
import { createMemoryApps } from '../../connectors/postgres/memory-apps.ts';
import { createMemoryBlobs } from '../../connectors/postgres/memory-blobs.ts';
import { createMemoryClusters } from '../../connectors/postgres/memory-clusters.ts';
import { createMemoryExportOffers } from '../../connectors/postgres/memory-export-offers.ts';
import { createMemoryExports } from '../../connectors/postgres/memory-exports.ts';
import { createMemoryIndexStore } from '../../connectors/postgres/memory-index-store.ts';
import { memoryPositions } from '../../connectors/postgres/memory-positions.ts';
import { createMemoryReplays } from '../../connectors/postgres/memory-replays.ts';
import { createMemoryUsage } from '../../connectors/postgres/memory-usage.ts';
import { memoryAppSchemas, memoryCodecs } from '../../connectors/registry/index.ts';
import { judgeSinkConfig } from '../../connectors/sinks/judge.ts';
import ndjson from '../../connectors/sinks/ndjson.ts';
import { createMemoryConsents } from '../../connectors/vault/memory-consents.ts';
import { createMemoryRemovals } from '../../connectors/vault/memory-removals.ts';
import { createMemoryRemovedEvents } from '../../connectors/vault/memory-removed-events.ts';
import { createMemoryRequests } from '../../connectors/vault/memory-requests.ts';
import { createMemoryTokenRevocations } from '../../connectors/vault/memory-token-revocations.ts';
import { createMemoryVault } from '../../connectors/vault/memory-vault.ts';
import {
  type Event,
  encodeNdjson,
  keyPairFromSeed,
  ready,
  type SignedBatch,
  type SignRequest,
  signBatch,
  signReceipt,
  toHex,
} from '../../protocol/index.ts';
import { uuidv7 } from '../../sdk/js/index.ts';
import { type ApiDeps, startApi } from '../../services/api/api.ts';
import { createRevokedTokens } from '../../services/api/auth/revoked-tokens.ts';
import { createQuotas } from '../../services/api/limits/quotas.ts';
import type { ServerOptions } from '../../services/api/server.ts';
import { NO_SIGNALS } from '../../services/pipeline/events.ts';
import { startsOf } from '../../services/pipeline/exports/start.ts';
import { NO_FAULTS } from '../../services/pipeline/faults.ts';
import { SILENT } from '../../services/pipeline/log.ts';
import { createMetrics } from '../../services/pipeline/metrics.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { watchAnswers } from './declared-answers.ts';

const NETWORK = 'cere-sandbox';
const PARTITIONS = 4;
const PINNED = 'pinned';
const NO_QUOTA = {
  free: { operations: null, periodSeconds: 86_400 },
  premium: { operations: null, periodSeconds: 86_400 },
};

await ready();
export const app = keyPairFromSeed('sr25519', new Uint8Array(32).fill(1));
export const wallet = keyPairFromSeed('sr25519', new Uint8Array(32).fill(2));
/** Signs receipts. */
export const operator = keyPairFromSeed('ed25519', new Uint8Array(32).fill(9));

/** An event with one scope. */
export function someEvent(over: Partial<Event> = {}): Event {
  return {
    id: uuidv7(Date.now(), randomBytes(10)),
    type: 'PAGE_VIEW',
    time: '2026-01-02T03:04:05.678Z',
    scopes: { __default_scope: { salt: toHex(randomBytes(16)), data: '{"page":"/checkout"}' } },
    ...over,
  };
}

/** A signed batch of `events` (one when absent), new in every call. */
export function someBatch(over: Partial<SignRequest> = {}): SignedBatch {
  return signBatch({
    network: NETWORK,
    app: toHex(app.publicKey),
    wallet: toHex(wallet.publicKey),
    source: toHex(randomBytes(16)),
    seq: 0,
    issuedAt: Date.now(),
    signer: 'wallet',
    algorithm: 'sr25519',
    wrap: 'none',
    events: [someEvent()],
    keyPair: wallet,
    ...over,
  });
}

export const someBody = (over: Partial<SignRequest> = {}): Uint8Array => encodeNdjson(someBatch(over));

/** The API over memory twins, listening on a free port; `app` is registered and open. */
export async function startMemoryApi(over: Partial<ApiDeps> = {}, server: Partial<ServerOptions> = {}) {
  const log = new MemoryLog(() => Date.now());
  for (const topic of [batchesReceived.name, PINNED]) log.createTopic(topic, PARTITIONS);
  const clock = over.clock ?? { now: () => Date.now() };
  const keks = parseKeks(`1 ${'07'.repeat(32)}`);
  const random = { bytes: (n: number) => new Uint8Array(randomBytes(n)) };
  const vault = createMemoryVault({
    keks,
    random,
    clock,
    calendar: clock,
  });
  const consents = createMemoryConsents(vault.tables);
  const rooms = () => ({ indexer: true, pinner: true, swept: true, exports: [] });
  const removals = createMemoryRemovals(vault.tables, rooms);
  const removedEvents = createMemoryRemovedEvents(vault.tables);
  const ipfs = createMemoryIpfs();
  const blobs = createMemoryBlobs();
  const offers = createMemoryExportOffers();
  const exports = createMemoryExports(() => clock.now());
  const replays = createMemoryReplays();
  const admission = createMemoryAdmission();
  const apps = createMemoryApps();
  const usage = createMemoryUsage();
  const positions = memoryPositions('00'.repeat(16));
  const index = createMemoryIndexStore(
    positions,
    () => [],
    () => undefined,
  );
  const codec = await memoryCodecs().for(batchesReceived);
  const metrics = createMetrics('api', false);
  await apps.add({ app: app.publicKey, tier: 'free', open: true });
  const answers = watchAnswers();
  const revocations = createMemoryTokenRevocations(vault.tables);
  // Nobody reads it again while a test runs: what is taken here counts here.
  const revokedTokens = createRevokedTokens({
    revocations,
    now: clock.now,
    elapsed: () => performance.now(),
    staleMs: Number.POSITIVE_INFINITY,
  });
  await revokedTokens.refresh();
  const api = await startApi(
    {
      network: NETWORK,
      ss58Prefix: 2,
      topic: batchesReceived.name,
      partitions: PARTITIONS,
      partitionOf: (key, count) => (key[0] ?? 0) % count,
      writer: log.writer(),
      codec,
      vault,
      clusters: new Map([[ipfs.name, ipfs]]),
      blobs,
      placement: createMemoryClusters(vault.tables.clusters),
      random,
      cursorKey: random.bytes(32),
      removals,
      removedEvents,
      receiptKey: operator.publicKey,
      signReceipt: (payload) => signReceipt(NETWORK, payload, operator),
      faults: NO_FAULTS,
      revokedTokens,
      requests: createMemoryRequests(vault.tables, keks, random),
      consents,
      exports: {
        store: exports,
        judgeSink: (sink, config) => judgeSinkConfig([ndjson], sink, config),
        membersOf: async (sink) => (sink === ndjson.name ? ndjson.members : null),
        startsOf: async (from) =>
          startsOf({ log: log.lookup(), pinned: PINNED, partitions: PARTITIONS, index, positions }, from),
        log: log.lookup(),
        bounds: { sinks: ['ndjson'], folder: '/srv/exports' },
        offers,
      },
      replays: {
        store: replays,
        plan: {
          index,
          indexed: (partition) => positions.load('indexer', partition),
          firstKept: (partition) => log.lookup().firstOffset(PINNED, partition),
        },
      },
      admission,
      apps,
      quotas: createQuotas(usage, NO_QUOTA, clock.now),
      audit: () => undefined,
      dependencies: [],
      positions,
      index,
      settlement: { isFinal: async (ids) => ids.map(() => null) },
      schemas: memoryAppSchemas(),
      settlements: { leafOf: async () => null, leavesOf: async () => [] },
      clock,
      elapsed: () => performance.now(),
      signals: NO_SIGNALS,
      log: SILENT,
      metrics,
      version: '0.0.0-test',
      ...over,
    },
    { port: 0, observe: answers.observe, ...server },
  );
  /** Every answer was as the document says, or the suite fails where it ends. */
  const close = api.close;
  const checked = {
    ...api,
    get stopping() {
      return api.stopping;
    },
    async close() {
      await close();
      if (answers.broken.size > 0) throw new Error(`not as described:\n${[...answers.broken].join('\n')}`);
    },
  };
  const url = `http://127.0.0.1:${api.port}`;
  const appended = () =>
    Array.from({ length: PARTITIONS }, (_, partition) =>
      log
        .records(batchesReceived.name, partition)
        .map((record) => ({ partition, record, received: codec.decode(record.value) })),
    ).flat();
  const post = (body: Uint8Array | string, headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', ...headers },
      body: body as RequestInit['body'],
    });
  return {
    usage,
    api: checked,
    url,
    log,
    vault,
    ipfs,
    blobs,
    consents,
    exports,
    replays,
    offers,
    removals,
    removedEvents,
    admission,
    apps,
    positions,
    index,
    metrics,
    appended,
    post,
  };
}

export type MemoryApi = Awaited<ReturnType<typeof startMemoryApi>>;
