import { availableParallelism } from 'node:os';
import { openKubo } from '../../connectors/ipfs/kubo.ts';
import { openKms } from '../../connectors/kms/index.ts';
import { createErasures } from '../../connectors/postgres/erasures.ts';
import { createExportReports } from '../../connectors/postgres/removal-store.ts';
import { createRemovedEvents } from '../../connectors/postgres/removed-events.ts';
import { createFolderSecrets } from '../../connectors/secrets/folder-secrets.ts';
import { createSink } from '../../connectors/sinks/index.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { blake2b256, toHex, utf8 } from '../../protocol/index.ts';
import { openDelivery } from '../../services/exporter/open-delivery.ts';
import { startOpenThreads } from '../../services/exporter/open-threads.ts';
import { openConfig } from '../../services/exporter/planned.ts';
import { ReplayRefused } from '../../services/exporter/replay/job.ts';
import { createPace } from '../../services/exporter/replay/pace.ts';
import { createStoredRecords } from '../../services/exporter/replay/stored-records.ts';
import { isInTime } from '../../services/exporter/replay/wanted.ts';
import type { OpenReplay } from '../../services/exporter/replay/work.ts';
import { rowMakersOf } from '../../services/exporter/row-makers-of.ts';
import { withoutSecrets } from '../../services/exporter/without-secrets.ts';
import type { FlushLimits } from '../../services/pipeline/accepted.ts';
import { EVENTS, NO_SIGNALS, type Signals } from '../../services/pipeline/events.ts';
import { processHost } from '../../services/pipeline/host/main.ts';
import { DEFAULT_CLUSTER } from '../../services/pipeline/ports/clusters.ts';
import type { ReplayJob } from '../../services/pipeline/ports/replays.ts';
import type { Sink } from '../../services/pipeline/ports/sink.ts';
import { ALL_RULES } from '../../services/pipeline/rules/rules.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import type { ReplayDeployment } from './deployment.ts';

const MIB = 1024 * 1024;
/** What an event takes in `pinned`, roughly: a delivery is about a second of the rate. */
const EVENT_BYTES = 512;

/** Slow replays deliver little at a time, so that they are as steady as they are slow. */
function limitsOf(rate: number | null): FlushLimits {
  const maxBytes = rate === null ? 8 * MIB : Math.min(8 * MIB, Math.max(16 * 1024, rate * EVENT_BYTES));
  return { maxRecords: 10_000, maxBytes, lingerMs: 0 };
}

/** Alarms of the reading half, for people. */
function signalsTo(tell: (what: string) => void): Signals {
  return {
    ...NO_SIGNALS,
    emit(name, { partition }) {
      const { level, message } = EVENTS[name];
      if (level === 'error') tell(`partition ${partition}: ${message}`);
    },
  };
}

/** Under which name a job reads keys and is asked for removals: an export's is its own. */
const nameOf = ({ id, spec }: ReplayJob): string => (spec.target.kind === 'export' ? spec.target.name : `replay-${id}`);

/**
 * Which log the target's positions belong to: that of the deployment for an export, which goes on by itself. Any other target is this
 * job's alone, so that two of them can never share a folder or a topic.
 */
function logOf({ id, spec }: ReplayJob, logId: Uint8Array): string {
  if (spec.target.kind === 'export') return toHex(logId);
  return toHex(blake2b256(utf8(`${toHex(logId)}/${id}`)).subarray(0, 16));
}

async function targetOf(job: ReplayJob, logId: Uint8Array): Promise<Sink> {
  const { app, by, sink } = job.spec;
  const secrets = createFolderSecrets(process.env.DDC_SECRETS_FOLDER ?? '');
  const opened = await openConfig({ plan: { app, config: sink.config }, by }, secrets);
  return withoutSecrets(createSink(sink.name, opened.config, { log: logOf(job, logId) }), opened.secrets);
}

/** What it takes to work on a job, beside the deployment. @throws Error saying which variables to set */
export function workEnvironment() {
  const { IPFS_API, DDC_KEK_FILE = '', DDC_KEK = '' } = process.env;
  if (!IPFS_API) throw new Error('Set IPFS_API: what Kafka no longer retains is read from there.');
  if ((DDC_KEK_FILE === '') === (DDC_KEK === ''))
    throw new Error('Set exactly one of DDC_KEK_FILE and DDC_KEK: a replay opens what the export may read.');
  return { ipfsApi: IPFS_API, kekFile: DDC_KEK_FILE, kek: DDC_KEK };
}

/**
 * A target must hold nothing yet: what it holds would stand beside what the job brings. Makes it this job's.
 * @throws ReplayRefused `target_used`, `export_running`; FatalError `another_log` when it is another job's or another deployment's
 */
export async function claimTarget(
  deployment: Pick<ReplayDeployment, 'logId' | 'exporters'>,
  job: ReplayJob,
  partitions: Iterable<number>,
): Promise<void> {
  const { target } = job.spec;
  // A live export that starts later than at the beginning would take the position away.
  if (target.kind === 'export' && (await deployment.exporters(target.name)) > 0)
    throw new ReplayRefused(
      'export_running',
      `Export ${target.name} is at work: pause it (\`ddc exports pause ${target.name}\`), and let it go on when the replay is done.`,
    );
  const sink = await targetOf(job, deployment.logId);
  try {
    await sink.check();
    for (const partition of partitions) {
      const { mark } = await sink.position(partition);
      if (mark >= 0)
        throw new ReplayRefused(
          'target_used',
          `The target holds partition ${partition} up to origin ${mark} already: a replay begins with an empty one. Declare another export, or empty its sink.`,
        );
    }
  } finally {
    await sink.close();
  }
}

/** Opens what a job works with: its target, keys, and the places that it reads from. @throws Error saying which variables to set */
export async function openReplay(
  deployment: ReplayDeployment,
  job: ReplayJob,
  tell: (what: string) => void,
  onFatal: (error: unknown) => void,
): Promise<OpenReplay> {
  const { ipfsApi, kekFile, kek } = workEnvironment();
  const { clock, random } = processHost;
  const { db, logId, codecs, named } = deployment;
  const { spec } = job;
  const keks = openKms({ kekFile, kek }, performance, random);
  await keks.current();
  const kubo = openKubo({ name: DEFAULT_CLUSTER, url: ipfsApi });
  const reports = createExportReports(db);
  const vault = openVault({ db, keks, random, clock: performance, calendar: clock });
  const sink = await targetOf(job, logId);
  let rows = 0;
  const codec = await codecs.for(named(batchesPinned));
  const scopes = [...spec.scopes];
  const retried = (operation: string, error: unknown) =>
    tell(`${operation}: ${error instanceof Error ? error.message : error}; trying again`);
  const name = nameOf(job);
  const threads = availableParallelism() > 1 ? startOpenThreads(1, onFatal) : null;
  const closeTarget = async () => {
    await threads?.close();
    await vault.close();
    await sink.close();
    await kubo.close();
  };
  const delivery = await openDelivery({
    plan: { name, app: spec.app, scopes, types: spec.types && [...spec.types] },
    sink,
    vault,
    erasures: createErasures(db),
    reports,
    rowMakers: rowMakersOf(
      { ...spec, scopes },
      {
        schemas: deployment.schemas,
        now: () => performance.now(),
        onUnusable: (type, { version }) => tell(`version ${version} of the schema of ${type} cannot be used`),
        onStale: (error) => retried('schemas', error),
      },
    ),
    removedEvents: createRemovedEvents(db),
    ...(threads ? { open: threads.open } : {}),
    isWanted: isInTime(spec),
    clock,
    random,
    log: { info: () => undefined },
    onRetry: (operation, _attempt, error) => retried(operation, error),
    onFatal,
    count(kind, n) {
      if (kind === 'rows' || kind === 'rejected') rows += n;
      else tell(`${n} batches were not exported: ${kind}`);
    },
  }).catch(async (error: unknown) => {
    await closeTarget();
    throw error;
  });
  return {
    lane: {
      sink,
      deliver: delivery.deliver,
      index: deployment.index,
      indexed: deployment.indexed,
      firstKept: deployment.firstKept,
      stored: createStoredRecords(new Map([[DEFAULT_CLUSTER, kubo]])),
      codec,
      pace: createPace(spec.rate, () => performance.now()),
      limits: limitsOf(spec.rate),
      rules: ALL_RULES,
      signals: signalsTo(tell),
    },
    consumer: deployment.consumer(job.id),
    rows: () => rows,
    settle: delivery.settle,
    // An export goes on; of anything else nobody keeps track any more.
    forget: async () => {
      if (spec.target.kind !== 'export') await reports.forget(name);
    },
    async close() {
      await delivery.close();
      await closeTarget();
    },
  };
}
