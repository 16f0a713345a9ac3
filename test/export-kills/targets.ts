import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sinks } from '../../connectors/sinks/index.ts';
import type { SeenRow, TargetOf } from '../../services/pipeline/define-sink.ts';
import type { Table } from '../../services/pipeline/ports/table.ts';
import { kafka } from '../../stack/kafka.ts';
import { createKeeper } from '../../stack/keeper.ts';
import type { Part } from '../../stack/part.ts';
import { postgres } from '../../stack/postgres.ts';
import { startOpenSearch } from '../support/opensearch.ts';
import { startS3 } from '../support/s3.ts';
import { openDisk } from './disk.ts';
import { startReceiver } from './receiver.ts';

/** What an export writes to, of its own. */
export interface Target {
  readonly sink: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Further environment of the exporter. */
  readonly env: Readonly<Record<string, string>>;
  /** What is killed, in words. */
  readonly what: string;
  /** Killed, and started again with what it had stored. */
  restart(): Promise<void>;
  /** As any consumer of the target sees them. */
  rows(tables: readonly Table[]): Promise<SeenRow[]>;
  close(): Promise<void>;
}

/** Something that runs, and where. */
interface Runs {
  readonly url: string;
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A second server of a kind that the stack has: what is killed is the target, and nothing of the DDC itself. */
async function ownPart(part: Part): Promise<Runs> {
  const folder = await mkdtemp(join(tmpdir(), `ddc-target-${part.name}-`));
  const keeper = createKeeper();
  const running = await part.start({ folder, keeper, progress: () => undefined });
  return {
    url: running.url,
    async restart() {
      await running.kill();
      await running.restart();
    },
    async close() {
      await running.stop();
      keeper.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const given: TargetOf = async (kind) => {
  if (kind === 'registry') return process.env.SCHEMA_REGISTRY_URL ?? '';
  throw new Error(`no target ${kind} was started`);
};

/** A sink that is tried as its own contract suite tries it, on a target that can be killed. */
async function tried(sink: string, runs: Runs, what: string, more: object = {}, scratch?: string): Promise<Target> {
  const spec = sinks.find(({ name }) => name === sink);
  if (!spec) throw new Error(`there is no sink ${sink}`);
  const folder = scratch ?? (await mkdtemp(join(tmpdir(), `ddc-kills-${sink}-`)));
  await mkdir(folder, { recursive: true });
  const trial = await spec.trial(folder, async (kind) => (kind === 'registry' ? given(kind) : runs.url));
  return {
    sink,
    what,
    env: {},
    config: { ...(trial.config as object), ...more },
    restart: runs.restart,
    rows: async (tables) => [...(await trial.rows(tables))],
    async close() {
      await trial.close?.();
      await runs.close();
      if (scratch === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function onDisk(sink: string, more: object): Promise<Target> {
  const disk = await openDisk();
  const what = disk.how === 'power' ? 'its disk loses power' : 'its folder is taken away';
  return tried(sink, { ...disk, url: '' }, what, more, disk.folder);
}

async function webhook(): Promise<Target> {
  const receiver = await startReceiver();
  const folder = await mkdtemp(join(tmpdir(), 'ddc-kills-webhook-'));
  return {
    sink: 'webhook',
    what: 'the receiver is killed',
    config: { url: receiver.url, secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}`, folder, timeoutMs: 3_000 },
    env: { DDC_PRIVATE_TARGETS: '127.0.0.1' },
    restart: receiver.restart,
    rows: receiver.rows,
    async close() {
      await receiver.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Sinks whose files are merged are given small files to merge. */
const MERGING = { smallFiles: 5 };

const STARTS: Readonly<Record<string, () => Promise<Target>>> = {
  parquet: () => onDisk('parquet', MERGING),
  ndjson: () => onDisk('ndjson', {}),
  's3-parquet': async () =>
    tried('s3-parquet', await startS3(), 'versitygw is killed', { ...MERGING, timeoutSeconds: 5 }),
  opensearch: async () =>
    tried('opensearch', await startOpenSearch(), 'OpenSearch is killed', { requestTimeoutMs: 10_000 }),
  kafka: async () => tried('kafka', await ownPart(kafka), 'a second Kafka is killed'),
  postgres: async () =>
    tried('postgres', await ownPart(postgres), 'a second PostgreSQL is killed', { statementTimeoutMs: 10_000 }),
  webhook,
};

/** Sinks that can be tried so: all that there are. */
export const TARGETS: readonly string[] = Object.keys(STARTS);

export async function startTarget(sink: string): Promise<Target> {
  const start = STARTS[sink];
  if (!start) throw new Error(`nobody here knows how to kill the target of ${sink}; there are: ${TARGETS.join(', ')}`);
  return start();
}
