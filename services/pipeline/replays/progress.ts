import type { PartitionProgress, Read, ReplayJob, ReplayProgress } from '../ports/replays.ts';

/** What one stretch of a partition came to. */
export interface Stretch extends Read {
  readonly source: 'log' | 'index';
  readonly mark: number;
}

const NOTHING = { batches: 0, events: 0 };

/** Before anything was read. @param untils last origin to read, by partition */
export function freshProgress(untils: ReadonlyMap<number, number>): ReplayProgress {
  const partitions = [...untils].map(([partition, until]): [string, PartitionProgress] => [
    String(partition),
    { mark: -1, until, log: NOTHING, index: NOTHING },
  ]);
  return { partitions: Object.fromEntries(partitions), rows: 0 };
}

function changed(
  progress: ReplayProgress,
  partition: number,
  change: (one: PartitionProgress) => PartitionProgress,
): ReplayProgress {
  const one = progress.partitions[partition];
  return one ? { ...progress, partitions: { ...progress.partitions, [partition]: change(one) } } : progress;
}

/** Never beyond the end: an export that goes on live may be further. */
export const withMark = (progress: ReplayProgress, partition: number, mark: number): ReplayProgress =>
  changed(progress, partition, (one) => ({ ...one, mark: Math.min(mark, one.until) }));

export const withStretch = (
  progress: ReplayProgress,
  partition: number,
  { source, mark, batches, events }: Stretch,
): ReplayProgress =>
  changed(withMark(progress, partition, mark), partition, (one) => ({
    ...one,
    [source]: { batches: one[source].batches + batches, events: one[source].events + events },
  }));

const all = ({ partitions }: ReplayProgress) => Object.values(partitions);
const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** Origins that are behind the job, and those that it has to read in all. */
export const originsDone = (progress: ReplayProgress): number => sum(all(progress).map(({ mark }) => mark + 1));
export const originsInAll = (progress: ReplayProgress): number => sum(all(progress).map(({ until }) => until + 1));

export const readFrom = (progress: ReplayProgress, place: 'log' | 'index') => ({
  batches: sum(all(progress).map((one) => one[place].batches)),
  events: sum(all(progress).map((one) => one[place].events)),
});

/** Milliseconds until it will be done at the speed that it has had since it was taken; null while that is not known. */
export function etaOf({ state, run, progress }: ReplayJob, now: number): number | null {
  if (state !== 'running' || !run) return null;
  const done = originsDone(progress);
  const speed = (done - run.origins) / (now - run.at);
  if (!(speed > 0) || !Number.isFinite(speed)) return null;
  return Math.ceil((originsInAll(progress) - done) / speed);
}
