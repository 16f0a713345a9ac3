import { availableParallelism, hostname } from 'node:os';
import { openKubo } from '../../../connectors/ipfs/kubo.ts';
import { createConsumerGroups } from '../../../connectors/kafka/index.ts';
import { openKms } from '../../../connectors/kms/index.ts';
import { createConsents } from '../../../connectors/postgres/consents.ts';
import { createErasures } from '../../../connectors/postgres/erasures.ts';
import { createIndexStore } from '../../../connectors/postgres/index-store.ts';
import { createExportReports } from '../../../connectors/postgres/removal-store.ts';
import { createRemovedEvents } from '../../../connectors/postgres/removed-events.ts';
import { createReplays } from '../../../connectors/postgres/replays.ts';
import { openRoomEdges, type RoomEdges } from '../../../connectors/room-edges.ts';
import { createFolderSecrets } from '../../../connectors/secrets/folder-secrets.ts';
import { createSink, sinksWith } from '../../../connectors/sinks/index.ts';
import { openVault } from '../../../connectors/vault/postgres-vault.ts';
import { ready, toHex } from '../../../protocol/index.ts';
import { batchesPinned } from '../../../topics/batches-pinned.ts';
import { FatalError } from '../../pipeline/errors.ts';
import { errorFields } from '../../pipeline/log.ts';
import { DEFAULT_CLUSTER } from '../../pipeline/ports/clusters.ts';
import type { ConsumerGroups } from '../../pipeline/ports/log.ts';
import type { ReplayJob } from '../../pipeline/ports/replays.ts';
import type { Sink } from '../../pipeline/ports/sink.ts';
import { type ClearEdges, clearReplay } from '../../pipeline/replays/clear.ts';
import { ReplayRefused, reporterOf } from '../../pipeline/replays/job.ts';
import { type Boot, type Running, runRoom } from '../../pipeline/room.ts';
import { openDelivery } from '../open-delivery.ts';
import { startOpenThreads } from '../open-threads.ts';
import { partnerKeys } from '../partner-keys.ts';
import { openConfig } from '../planned.ts';
import { rowMakersOf } from '../row-makers-of.ts';
import { withoutSecrets } from '../without-secrets.ts';
import { beNice } from './be-nice.ts';
import { claimTarget, logOfTarget } from './claim-target.ts';
import { replayLimits } from './limits.ts';
import { createPace } from './pace.ts';
import { createStoredRecords } from './stored-records.ts';
import { isInTime } from './wanted.ts';
import { type OpenReplay, workOnReplay } from './work.ts';

/** Live traffic comes first, on a machine that both share. */
const NICE = 19;
/** What a replay fetches ahead of each partition: it is in no hurry. */
const PREFETCH_BYTES = 2 * 1024 * 1024;
const CONNECTIONS = 4;
/** Batches whose keys one with a share of the CPU holds at once: tens of milliseconds of it each, within what `VAULT_CACHE_MS` allows. */
const KEYS_TOGETHER = 32;

/** Of all threads so far. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function openTarget({ config, clock }: Boot, job: ReplayJob, logId: Uint8Array): Promise<Sink> {
  const { app, by, sink } = job.spec;
  const secrets = createFolderSecrets(config.secretsFolder);
  const opened = await openConfig({ plan: { app, config: { ...sink.config } }, by }, secrets);
  const context = {
    ...{ log: logOfTarget(job, logId), name: reporterOf(job), now: () => clock.now() },
    privateTargets: config.privateTargets,
  };
  const known = await sinksWith(config.sinkFiles);
  return withoutSecrets(createSink(sink.name, opened.config, context, known), opened.secrets);
}

/** What a job works with: its target, its keys, and the places that it reads from. */
async function open(
  boot: Boot,
  edges: RoomEdges,
  groups: ConsumerGroups,
  job: ReplayJob,
  onFatal: (error: unknown) => void,
): Promise<OpenReplay> {
  const { config, log, metrics, signals, clock, random } = boot;
  const { db, lookup, codecs, logId, lanes, named, consumer } = edges;
  const { spec } = job;
  const keks = openKms(config, performance, random);
  // A wrong or missing key is told at the start, not at the first batch.
  await keks.current();
  const name = reporterOf(job);
  const scopes = [...spec.scopes];
  // Jobs that were made before have no share.
  const limits = { rate: spec.rate, cpuShare: spec.cpuShare ?? null };
  const pace = createPace(limits, { clock, elapsed: () => performance.now(), cpu: cpuMs });
  const pinned = named(batchesPinned).name;
  const codec = await codecs.for(named(batchesPinned));
  const reports = createExportReports(db);
  const nodes = config.ipfsApi === '' ? [] : [openKubo({ name: DEFAULT_CLUSTER, url: config.ipfsApi })];
  const vault = openVault({ db, keks, random, clock: performance, calendar: clock });
  const sink = await openTarget(boot, job, logId);
  // One that is held to a rate has no thread beside its own, so that live traffic mostly has another core.
  const count = spec.rate === null ? (config.openThreads ?? (availableParallelism() > 1 ? 1 : 0)) : 0;
  const threads = count > 0 ? startOpenThreads(count, onFatal) : null;
  const closeTarget = async () => {
    await threads?.close();
    await vault.close();
    await sink.close();
    for (const node of nodes) await node.close();
  };
  const counted = metrics.counter('ddc_export_total', 'Rows delivered; batches refused, by reason.', ['kind']);
  let rows = 0;
  const retried = (operation: string, attempt: number, error: unknown) =>
    signals.emit('retry', { partition: -1, kind: operation, attempt, error });
  const { by } = spec;
  const isPartners = by !== 'operator' && by !== 'app';
  const delivery = await openDelivery({
    ...{ clock, random, onRetry: retried, onFatal, sink, vault, reports, log },
    ...(isPartners
      ? {
          keysOf: partnerKeys({
            ...{ name, app: spec.app, by, scopes, vault, consents: createConsents(db) },
            now: () => clock.now(),
          }),
        }
      : {}),
    plan: { name, app: spec.app, scopes, types: spec.types && [...spec.types] },
    erasures: createErasures(db),
    rowMakers: rowMakersOf(
      { ...spec, scopes },
      {
        schemas: edges.schemas,
        now: () => performance.now(),
        onUnusable: (type, { version }) => log.error({ type, version }, 'a version of a schema cannot be used'),
        onStale: (error) => retried('schemas', 1, error),
      },
    ),
    removedEvents: createRemovedEvents(db),
    ...(threads ? { open: threads.open } : {}),
    isWanted: isInTime(spec),
    breathe: pace.breathe,
    ...(limits.cpuShare === null ? {} : { keysTogether: KEYS_TOGETHER }),
    count(kind, n) {
      counted.inc({ kind }, n);
      if (kind === 'rows' || kind === 'rejected') rows += n;
      else log.warn({ kind, batches: n }, 'batches were not exported');
    },
  }).catch(async (error: unknown) => {
    await closeTarget();
    throw error;
  });
  return {
    lane: {
      ...{ sink, codec, signals, rules: config.rules, deliver: delivery.deliver },
      // Nothing is applied from here, so nothing clashes.
      index: createIndexStore(db, logId, () => undefined),
      indexed: (partition) => lanes.positions.load('indexer', partition),
      firstKept: (partition) => lookup.firstOffset(pinned, partition),
      stored: createStoredRecords(new Map(nodes.map((node) => [node.name, node]))),
      pace,
      limits: replayLimits(limits),
    },
    consumer: consumer(`replay-${job.id}`, batchesPinned, { prefetchBytes: PREFETCH_BYTES }),
    claim: (partitions) =>
      claimTarget(job, sink, (one) => groups.members(`${config.topicPrefix}export-${one}`), partitions),
    rows: () => rows,
    settle: delivery.settle,
    async close() {
      await delivery.close();
      await closeTarget();
    },
  };
}

async function start(boot: Boot): Promise<Running> {
  const { config, log, clock, random, keep } = boot;
  const id = config.replay;
  if (id === '') throw new FatalError('no_replay', 'DDC_REPLAY is not set: say which job to work on.');
  await beNice(NICE);
  await ready();
  const edges = await openRoomEdges(boot, `ddc-replay-${id}`, CONNECTIONS);
  const groups = createConsumerGroups({ brokers: config.kafkaBrokers, clientId: 'ddc-replay', log });
  const replays = createReplays(edges.db);
  const clearing: ClearEdges = {
    ...{ replays, clock },
    removeGroup: (one) => groups.remove(`${config.topicPrefix}replay-${one}`),
    unregister: (name) => createExportReports(edges.db).forget(name),
  };
  const stopping = new AbortController();
  const working = workOnReplay(
    {
      ...{ replays, clock, random },
      holder: `${hostname()}/${process.pid}/${toHex(random.bytes(4))}`,
      open: (job, onFatal) => open(boot, edges, groups, job, onFatal),
      onFailure: (error) => log.error({ replay: id, error: errorFields(error) }, 'the replay failed'),
      clear: (job) => clearReplay(clearing, job),
    },
    id,
    stopping.signal,
  ).then(
    ({ state }) => log.info({ replay: id, state }, 'the work on this replay has ended'),
    (error: unknown) => {
      // Another works on it, or somebody has paused or ended it.
      if (!(error instanceof ReplayRefused)) throw error;
      log.info({ replay: id, code: error.code }, error.message);
    },
  );
  keep({
    async close() {
      stopping.abort(new Error('the process stops'));
      await working;
    },
  });
  return { ready: () => true, over: working };
}

await runRoom('exporter', start);
