import type { ReplayJob, ReplaySpec } from '../../services/pipeline/ports/replays.ts';
import type { PlannedPartition, PlannedRead } from '../../services/pipeline/replays/plan.ts';
import { etaOf, originsDone, originsInAll, readFrom } from '../../services/pipeline/replays/progress.ts';

const number = (value: number) => value.toLocaleString('en');

/** A stretch of time as people say it. */
function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function targetText({ target, sink: { name, config } }: ReplaySpec): string {
  if (target.kind === 'export') return `export ${target.name}`;
  const { folder, prefix } = config;
  if (typeof folder === 'string') return `${folder} (${name})`;
  return name === 'kafka' && typeof prefix === 'string' ? `topics ${prefix}.*` : `sink ${name}`;
}

/** One line of a job. */
export function jobLine(job: ReplayJob, now: number): string {
  const { id, state, spec, progress, error } = job;
  const [done, all] = [originsDone(progress), originsInAll(progress)];
  const share = all === 0 ? 100 : Math.floor((done / all) * 100);
  const [log, index] = [readFrom(progress, 'log'), readFrom(progress, 'index')];
  const eta = etaOf(job, now);
  return [
    `${id} ${state} ${share} %`,
    `${number(progress.rows)} rows (events read: ${number(log.events)} from Kafka, ${number(index.events)} from IPFS) to ${targetText(spec)}`,
    ...(eta === null ? [] : [`${durationText(eta)} left`]),
    ...(error ? [`${state === 'failed' ? 'failed' : 'waits'}: ${error.message} (${error.code})`] : []),
  ].join(', ');
}

const readText = (read: PlannedRead, from: string) =>
  `origins ${read.first} to ${read.last} from ${from}: at most ${number(read.batches)} batches with ${number(read.events)} events`;

/** What `--dry-run` says, a line per partition. */
export function planLines(planned: readonly PlannedPartition[]): string[] {
  return planned.map(({ partition, until, index, log }) => {
    const parts = [
      ...(index ? [readText(index, 'the index and IPFS')] : []),
      ...(log ? [readText(log, `Kafka, offset ${log.offset} on`)] : []),
    ];
    const nothing = until < 0 ? 'nothing was ever pinned' : 'neither Kafka nor the index holds what is wanted yet';
    return `partition ${partition}: ${parts.length > 0 ? parts.join('; ') : nothing}`;
  });
}
