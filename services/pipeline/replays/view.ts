import type { DeclaredBy } from '../ports/exports.ts';
import type { PartitionProgress, Read, ReplayJob, ReplaySpec, ReplayState } from '../ports/replays.ts';
import { etaOf, originsDone, originsInAll, readFrom } from './progress.ts';

/** A job as whoever may see it sees it: secrets are names in it. */
export interface ReplayView
  extends Pick<ReplaySpec, 'app' | 'wallet' | 'types' | 'from' | 'to' | 'scopes' | 'schema' | 'rate' | 'cpuShare'> {
  readonly id: string;
  readonly state: ReplayState;
  readonly target:
    | { readonly export: string }
    | { readonly sink: string; readonly config: Readonly<Record<string, unknown>> };
  readonly by: DeclaredBy;
  readonly createdAt: number;
  /** When it began to read; null: not yet. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Batches and voids of all apps, as they are counted in the log. */
  readonly origins: { readonly done: number; readonly all: number };
  readonly kafka: Read;
  readonly ipfs: Read;
  readonly rows: number;
  /** Milliseconds that are left; null while that is not known. */
  readonly etaMs: number | null;
  readonly error: ReplayJob['error'];
  readonly partitions: Readonly<Record<string, PartitionProgress>>;
}

/** @param now milliseconds since the epoch */
export function viewReplay(job: ReplayJob, now: number): ReplayView {
  const { id, state, spec, createdAt, claimedAt, endedAt, progress, error } = job;
  const { app, wallet, types, from, to, scopes, schema, rate, by, target, sink } = spec;
  return {
    ...{ id, state, app, wallet, types, from, to, scopes, schema },
    target: target.kind === 'export' ? { export: target.name } : { sink: sink.name, config: sink.config },
    ...{ rate, cpuShare: spec.cpuShare ?? null, by, createdAt, startedAt: claimedAt, endedAt },
    origins: { done: originsDone(progress), all: originsInAll(progress) },
    kafka: readFrom(progress, 'log'),
    ipfs: readFrom(progress, 'index'),
    rows: progress.rows,
    etaMs: etaOf(job, now),
    error,
    partitions: progress.partitions,
  };
}
