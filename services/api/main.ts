import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { openKubo } from '../../connectors/ipfs/kubo.ts';
import { pingKubo } from '../../connectors/ipfs/ping.ts';
import { openKms } from '../../connectors/kms/index.ts';
import { createAdmission } from '../../connectors/postgres/admission.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { createBlobs } from '../../connectors/postgres/blobs.ts';
import { createClusters } from '../../connectors/postgres/clusters.ts';
import { createConsents } from '../../connectors/postgres/consents.ts';
import { openDatabase } from '../../connectors/postgres/database.ts';
import { createExportOffers } from '../../connectors/postgres/export-offers.ts';
import { createExports } from '../../connectors/postgres/exports.ts';
import { createIndexStore } from '../../connectors/postgres/index-store.ts';
import { createRemovalHistory } from '../../connectors/postgres/removal-history.ts';
import { createRemovals } from '../../connectors/postgres/removal-store.ts';
import { createRemovedEvents } from '../../connectors/postgres/removed-events.ts';
import { createReplays } from '../../connectors/postgres/replays.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { createSettlementProofs } from '../../connectors/postgres/settlement-proofs.ts';
import { createSettlementStatus } from '../../connectors/postgres/settlement-status.ts';
import { createTokenRevocations } from '../../connectors/postgres/token-revocations.ts';
import { createUsage } from '../../connectors/postgres/usage.ts';
import { openRoomEdges } from '../../connectors/room-edges.ts';
import { judgeSinks } from '../../connectors/sinks/judge.ts';
import { membersOfSinks } from '../../connectors/sinks/members.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import { keepKeks, withKekLock } from '../../connectors/vault/kek-lives.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { blake2b256, type Cbor, ready, signReceipt, utf8 } from '../../protocol/index.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { partitionOf } from '../../topics/partition.ts';
import { removalsCompleted } from '../../topics/removals-completed.ts';
import { removalsRequested } from '../../topics/removals-requested.ts';
import { startsOf } from '../pipeline/exports/start.ts';
import { openAppendedLog } from '../pipeline/log.ts';
import { DEFAULT_CLUSTER } from '../pipeline/ports/clusters.ts';
import type { IpfsCluster } from '../pipeline/ports/ipfs.ts';
import { repeat } from '../pipeline/repeat.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { startApi } from './api.ts';
import { createAudit } from './audit.ts';
import { createRevokedTokens } from './auth/revoked-tokens.ts';
import { sweepBlobs } from './blobs/sweep.ts';
import { dependenciesOf } from './dependencies.ts';
import { API_VERSION } from './document.ts';
import { parseTrustedProxies } from './limits/client-address.ts';
import { createQuotas } from './limits/quotas.ts';
import { apiLoops } from './loops.ts';
import { reapplyRemovals } from './removals/reapply.ts';
import { readReceiptKey } from './removals/receipt-key.ts';
import { removalLog } from './removals/removal-log.ts';
import { sweepRemovals } from './removals/sweeper.ts';
import { startVerifyThreads } from './verify-threads.ts';

/** Cursors are no secret of anybody's: they only need a key that all processes have. */
const CURSOR = utf8('cere-ddc:cursor:v1');
const DAY_MS = 86_400_000;

const SANDBOX = 'cere-sandbox';
const PANEL = fileURLToPath(
  new URL(`../../cli/docs-panel/panel${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

/** One for each core beyond two, since a thread that shares a core only adds copying. */
const defaultThreads = (): number => Math.max(0, availableParallelism() - 2);

/** Somebody waits for an answer: sooner than a pin is given up. */
const SEGMENT_MS = 10_000;
/** Connections for reading the index, removals and settlements, beside those of acceptance. */
const READ_CONNECTIONS = 4;
/** A reading that takes longer is given up: 503, and asked again it goes on where it was. */
const READ_MS = 5_000;
/** Readiness is asked for often. */
const PING_MS = 900;

/** Batches are taken without it: only what returns events asks it, and answers 503 while it is away. */
function openClusters({ config, keep, log }: Boot): Map<string, IpfsCluster> {
  if (config.ipfsApi === '') {
    log.warn({}, 'IPFS_API is not set: no events are returned, no blobs taken or returned, no receipts given');
    return new Map();
  }
  const kubo = keep(openKubo({ name: DEFAULT_CLUSTER, url: config.ipfsApi, timeoutMs: SEGMENT_MS }));
  return new Map([[kubo.name, kubo]]);
}

async function start(boot: Boot): Promise<Running> {
  const { config, log, metrics, signals, faults, clock, random, keep, onFatal } = boot;
  await ready();
  const trustedProxies = parseTrustedProxies(config.trustedProxies);
  const keks = openKms(config, performance, random);
  // A wrong or missing key is told at the start, not at the first batch.
  await keks.current();
  const { db, codecs, schemas, logId, lookup, lanes, named, writer: openWriter } = await openRoomEdges(boot);
  // What is read of what was written never takes the connections by which batches are accepted, nor any for long.
  const reads = keep(
    openDatabase(config.databaseUrl, {
      connections: READ_CONNECTIONS,
      statementTimeoutMs: READ_MS,
      onIdleError: (error) => log.warn({ error: error.message }, 'a database connection broke'),
    }),
  );
  const vault = keep(openVault({ db, keks, random, clock: performance, calendar: clock }));
  const consents = createConsents(db);
  const removals = createRemovals(db);
  const receiptKey = await readReceiptKey(config.receiptSeedFile);
  const sign = (payload: { [name: string]: Cbor }) => signReceipt(config.network, payload, receiptKey);
  const writer = openWriter();
  const received = named(batchesReceived);
  const codec = await codecs.for(received);
  const onRetry = (operation: string, attempt: number, error: unknown) =>
    signals.emit('retry', { partition: -1, kind: operation, attempt, error });
  const partitions = await lookup.partitions(received.name);
  const erasures = named(removalsRequested);
  const reapplied = await reapplyRemovals({
    log: lookup,
    topic: erasures.name,
    codec: await codecs.for(erasures),
    history: createRemovalHistory(db, logId),
    now: () => clock.now(),
  });
  if (reapplied.removals > 0 || reapplied.roots > 0)
    log.warn({ ...reapplied }, 'the database was older than these removals and erasures');

  // A sink of one's own that cannot be used is told at the start, not at the first declaration that names it.
  if (config.sinkFiles.length > 0) await (await import('../../connectors/sinks/index.ts')).sinksWith(config.sinkFiles);

  const revocations = createTokenRevocations(db);
  const revokedTokens = createRevokedTokens({
    revocations,
    now: () => clock.now(),
    elapsed: () => performance.now(),
  });
  await revokedTokens.refresh();

  const keksRotate = await keks.changeable();
  if (!keksRotate) log.warn({}, 'key-encryption keys cannot be changed from here: whoever keeps them must rotate them');
  const blobs = createBlobs(db);
  const clusters = openClusters(boot);
  const sweep = sweepRemovals({
    network: config.network,
    removals,
    partitionOf: (wallet) => partitionOf(wallet, partitions),
    endOffset: (partition) => lookup.endOffset(received.name, partition),
    requested: await removalLog(codecs, writer, erasures),
    completed: await removalLog(codecs, writer, named(removalsCompleted)),
    eraseBlobs: (owner, rootVersions) => blobs.erase(owner, rootVersions),
    sign,
    keksRotate,
    clock,
    elapsed: () => performance.now(),
    faults,
    onReceipt: (pending) => log.info({ pending }, 'a removal or erasure has its receipt'),
  });
  const removedEvents = createRemovedEvents(db);
  const blobSweep = sweepBlobs({
    blobs,
    removedEvents,
    clusters,
    now: () => clock.now(),
    onUnpinned: (count) => log.info({ count }, 'blobs were unpinned'),
  });
  let sweptAt = performance.now();
  const usage = createUsage(db);
  const quotas = createQuotas(usage, config.tiers, clock.now);
  // Closed after the API, so that what its last requests used is told too.
  keep({ close: () => quotas.flush() });
  const loops = apiLoops({
    ...{ consents, revocations, revokedTokens, usage, quotas },
    periodMs: Math.max(...Object.values(config.tiers).map((tier) => tier.periodSeconds)) * 1000,
    async keepKeys() {
      const kekTime = config.kekDays * DAY_MS;
      const edges = { db, kms: keks, random, now: () => clock.now() };
      const work = await withKekLock(db, () => keepKeks(edges, { rotateMs: kekTime, destroyMs: kekTime }));
      if (work === null) return;
      if (work.lost > 0) signals.emit('kek-missing', { partition: -1, count: work.lost });
      if (work.rotatedTo !== null || work.rewrapped > 0 || work.destroyed.length > 0)
        log.info({ ...work }, 'keys were kept');
    },
    sweepBlobs: blobSweep,
    async sweepRemovals(signal) {
      await sweep(signal);
      sweptAt = performance.now();
    },
    now: () => clock.now(),
  });
  for (const loop of loops) keep(repeat(loop, { clock, random, onRetry, onFatal }));
  const unwritten = (error: Error, count: number) => signals.emit('unwritten', { partition: -1, count, error });
  // The API only reads the index: nothing can clash here.
  const index = createIndexStore(reads, logId, () => undefined);
  const threads = keep(
    await startVerifyThreads(config.verifyThreads ?? defaultThreads(), config.network, clock.now, onFatal),
  );
  const api = keep(
    await startApi(
      {
        network: config.network,
        ss58Prefix: config.ss58Prefix,
        topic: received.name,
        partitions,
        partitionOf,
        writer: {
          async send(name, partition, records) {
            const offset = await writer.send(name, partition, records);
            faults.reach('after-send');
            return offset;
          },
          close: () => writer.close(),
        },
        codec,
        vault,
        clusters,
        blobs,
        placement: createClusters(db),
        random,
        cursorKey: blake2b256(CURSOR, receiptKey.secretKey.subarray(0, 32)),
        admission: createAdmission(db),
        revokedTokens,
        requests: createRequests(db, createFreshRoot(keks, random)),
        consents,
        exports: {
          store: createExports(db),
          judgeSink: judgeSinks(config.sinkFiles),
          membersOf: membersOfSinks(config.sinkFiles),
          startsOf: (from) =>
            startsOf(
              { log: lookup, pinned: named(batchesPinned).name, partitions, index, positions: lanes.positions },
              from,
            ),
          log: lookup,
          bounds: config.exportBounds,
          offers: createExportOffers(db),
        },
        replays: {
          store: createReplays(db),
          plan: {
            index,
            indexed: (partition) => lanes.positions.load('indexer', partition),
            firstKept: (partition) => lookup.firstOffset(named(batchesPinned).name, partition),
          },
        },
        removals,
        removedEvents: createRemovedEvents(reads),
        receiptKey: receiptKey.publicKey,
        signReceipt: sign,
        faults,
        apps: createApps(db),
        quotas,
        audit: createAudit(openAppendedLog('audit', config.logLevel, clock.now, config.auditFile, unwritten), () =>
          performance.now(),
        ),
        dependencies: dependenciesOf({
          log: async () => {
            const all = Array.from({ length: partitions }, (_, partition) =>
              lookup.endOffset(received.name, partition),
            );
            await Promise.all(all);
          },
          database: () => sql`SELECT 1`.execute(db.kysely),
          ipfs: config.ipfsApi === '' ? null : () => pingKubo(config.ipfsApi, PING_MS),
          sweptMsAgo: () => performance.now() - sweptAt,
          revokedTokens: revokedTokens.mustBeFresh,
        }),
        trustedProxies,
        hstsSeconds: config.hstsSeconds,
        limits: config.limits,
        positions: lanes.positions,
        index,
        settlement: createSettlementStatus(reads),
        settlements: createSettlementProofs(reads),
        schemas,
        clock,
        elapsed: () => performance.now(),
        signals,
        log,
        metrics,
        version: API_VERSION,
        // Accounts of the sandbox come from a phrase that is public.
        ...(config.network === SANDBOX ? { docsPanel: PANEL } : {}),
        verify: threads.verify,
        ...(config.unsafe.includes('transit') ? { seal: (_key: Uint8Array, body: Uint8Array) => body } : {}),
      },
      { host: config.httpHost, port: config.httpPort },
    ),
  );
  log.info({ port: api.port, partitions, verifyThreads: threads.count }, 'listening');
  return {
    ready: () => !api.draining,
    async drain() {
      api.drain();
      log.info({ seconds: config.drainSeconds }, 'draining');
      if (config.drainSeconds > 0) await clock.sleep(config.drainSeconds * 1000);
    },
  };
}

await runRoom('api', start);
