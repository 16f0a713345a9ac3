import type { Clock, Random } from '../../pipeline/clock.ts';
import { RetriableError } from '../../pipeline/errors.ts';
import type { LogConsumer } from '../../pipeline/ports/log.ts';
import type { ReplayJob, ReplayProgress, Replays } from '../../pipeline/ports/replays.ts';
import { isOver, LEASE_MS, type ReplayCommand, ReplayRefused } from '../../pipeline/replays/job.ts';
import { orderReplay } from '../../pipeline/replays/order.ts';
import { withMark, withStretch } from '../../pipeline/replays/progress.ts';
import { withRetry } from '../../pipeline/retry.ts';
import { type ReplayLaneEdges, runReplayLane } from './lane.ts';

/** What a job needs while it is worked on. */
export interface OpenReplay {
  readonly lane: Omit<ReplayLaneEdges, 'retry' | 'onStretch' | 'spec' | 'untils' | 'clock'>;
  /** Of the job's own group on `pinned`. */
  readonly consumer: LogConsumer;
  /** @throws ReplayRefused when the target holds what is not the job's, or somebody is at work on it */
  claim(partitions: Iterable<number>): Promise<void>;
  /** Rows that the target has been given so far, of this opening. */
  rows(): number;
  /** Applies erasures and removals to the target once more: all that were committed before are applied when it resolves. */
  settle(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface WorkEdges {
  readonly replays: Replays;
  readonly clock: Clock;
  readonly random: Random;
  /** Names this process. */
  readonly holder: string;
  open(job: ReplayJob, onFatal: (error: unknown) => void): Promise<OpenReplay>;
  /** Told of what no repetition mends, before the job is written down as failed. */
  onFailure(error: unknown): void;
  /** The job is over: what it has left beside its rows is taken away. */
  clear(job: ReplayJob): Promise<unknown>;
}

/** How often the holder says that it lives, and hears of orders. Milliseconds. */
const BEAT_MS = 1_000;

const errorOf = (error: unknown): NonNullable<ReplayJob['error']> => {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'bug';
  return { code, message: error instanceof Error ? error.message : String(error) };
};

/**
 * Takes a job and works on it until it is done, has failed, is paused or cancelled by somebody, or this process is to stop.
 * @returns the job as it was left
 * @throws ReplayRefused when it cannot be taken; RetriableError when even its end could not be written down: its lease ends by itself
 */
export async function workOnReplay(edges: WorkEdges, id: string, stop: AbortSignal): Promise<ReplayJob> {
  const { clock, random, holder } = edges;
  const lost = new AbortController();
  const signal = AbortSignal.any([stop, lost.signal]);
  const tell = (order: ReplayCommand): Promise<ReplayJob> =>
    withRetry({ clock, random, signal: lost.signal, onRetry: () => undefined }, 'job', () =>
      orderReplay(edges, id, order),
    );

  let job = await tell({ kind: 'take', holder });
  const waits = new Map<number, NonNullable<ReplayJob['error']>>();
  let progress: ReplayProgress = job.progress;
  const rowsBefore = progress.rows;
  let open: OpenReplay | null = null;
  let failure: { readonly error: unknown } | null = null;
  const fail = (error: unknown) => {
    if (!failure && !(error instanceof RetriableError)) edges.onFailure(error);
    failure ??= { error };
    lost.abort(error);
  };
  const soFar = (): ReplayProgress => ({ ...progress, rows: rowsBefore + (open?.rows() ?? 0) });

  const closed = new AbortController();

  /** Until the target is closed, also when the job is no longer ours to work on: whoever reads that nobody does may rely on that. */
  async function beat(): Promise<void> {
    for (let heardAt = clock.now(); !closed.signal.aborted; ) {
      try {
        await clock.sleep(BEAT_MS, closed.signal);
      } catch {
        return;
      }
      try {
        const [error = null] = waits.values();
        job = await orderReplay(edges, id, { kind: 'beat', holder, progress: soFar(), error });
        heardAt = clock.now();
        if (job.state !== 'running') lost.abort(new Error(`the job is ${job.state}`));
      } catch (error) {
        const isOver = !(error instanceof RetriableError) || clock.now() - heardAt > LEASE_MS;
        if (isOver) return lost.abort(error);
      }
    }
  }

  async function work(): Promise<void> {
    const { partitions } = job.progress;
    const untils = new Map(Object.entries(partitions).map(([partition, { until }]) => [Number(partition), until]));
    open = await withRetry(
      { clock, random, signal, onRetry: (_, __, error) => waits.set(-1, errorOf(error)) },
      'open',
      () => edges.open(job, fail),
    );
    waits.delete(-1);
    const { lane, consumer, claim } = open;
    const isFirst = job.claimedAt === null;
    await withRetry({ clock, random, signal, onRetry: (_, __, error) => waits.set(-1, errorOf(error)) }, 'claim', () =>
      claim(isFirst ? untils.keys() : []),
    );
    waits.delete(-1);
    if (isFirst) {
      job = await tell({ kind: 'claim', holder, progress });
      if (job.state !== 'running') return lost.abort(new Error(`the job is ${job.state}`));
    }
    for (const partition of untils.keys())
      progress = withMark(progress, partition, (await lane.sink.position(partition)).mark);
    const laneEdges: ReplayLaneEdges = {
      ...lane,
      clock,
      spec: job.spec,
      untils,
      async retry(operation, { partition, revoked }, attempt) {
        const onRetry = (_: string, __: number, error: unknown) => void waits.set(partition, errorOf(error));
        const result = await withRetry({ clock, random, signal: revoked, onRetry }, operation, attempt);
        waits.delete(partition);
        return result;
      },
      onStretch(partition, stretch) {
        progress = withStretch(progress, partition, stretch);
      },
    };
    const left = new Set(untils.keys());
    await new Promise<void>((resolve, reject) => {
      const end = () => void consumer.stop().then(resolve, reject);
      if (left.size === 0) return resolve();
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) return end();
      consumer
        .run(async (input) => {
          await runReplayLane(laneEdges, input);
          left.delete(input.partition);
          if (left.size === 0) end();
        })
        .catch((error: unknown) => {
          fail(error);
          reject(error);
        });
    });
    if (left.size === 0 && !signal.aborted) await open.settle(signal);
  }

  const beating = beat();
  try {
    await work();
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
  const isDone = !signal.aborted;
  lost.abort(new Error('the work ends'));
  try {
    await (open as OpenReplay | null)?.close();
  } finally {
    closed.abort(new Error('the target is closed'));
    await beating;
  }
  const ended = (await endOf(edges, id, holder, { isDone, failure, progress: soFar() })) ?? job;
  if (isOver(ended)) {
    const signal = stop;
    await withRetry({ clock, random, signal, onRetry: () => undefined }, 'clear', () => edges.clear(ended)).catch(
      (error: unknown) => {
        // Left to a room `exports`.
        if (!stop.aborted) throw error;
      },
    );
  }
  return ended;
}

interface End {
  readonly isDone: boolean;
  readonly failure: { readonly error: unknown } | null;
  readonly progress: ReplayProgress;
}

/** Writes down how the work ended. @returns null when another has the job by now */
async function endOf(
  edges: WorkEdges,
  id: string,
  holder: string,
  { isDone, failure, progress }: End,
): Promise<ReplayJob | null> {
  const order: ReplayCommand = isDone
    ? { kind: 'finish', holder, progress }
    : failure && !(failure.error instanceof RetriableError)
      ? { kind: 'fail', holder, progress, error: errorOf(failure.error) }
      : { kind: 'leave', holder, progress };
  try {
    return await orderReplay(edges, id, order);
  } catch (error) {
    if (error instanceof ReplayRefused) return (await edges.replays.find(id))?.job ?? null;
    throw error;
  }
}
