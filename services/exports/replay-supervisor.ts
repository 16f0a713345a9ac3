import { backoff } from '../pipeline/backoff.ts';
import { type Clock, hasPassed, type Random } from '../pipeline/clock.ts';
import type { Processes } from '../pipeline/ports/processes.ts';
import type { ReplayJob, Replays } from '../pipeline/ports/replays.ts';
import { type ClearEdges, clearReplay } from '../pipeline/replays/clear.ts';
import { AT_ONCE, isTaken } from '../pipeline/replays/job.ts';
import { orderReplay } from '../pipeline/replays/order.ts';
import { endOf, HEALTHY_MS, PAUSES, troubleOf } from './keep-running.ts';

export interface ReplaySupervisorEdges extends ClearEdges {
  readonly replays: Pick<Replays, 'waiting' | 'uncleared' | 'find' | 'change'>;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly random: Pick<Random, 'float'>;
  /** Name of this machine: of jobs that write to a disk, those that write to this one's are worked on here. */
  readonly host: string;
  /** What could not be written of a process: nothing waits for it. */
  onUnreported(error: unknown): void;
  /** Whatever else ends a job's process here: a bug. */
  onFatal(error: unknown): void;
}

/** Jobs that are looked at. */
const LOOKED_AT = 1_000;
/** Of jobs that are over, so many are cleared at a look: each takes connections to Kafka. */
const CLEARED_AT = 20;

/** Runs a process for each replay that waits, and for those whose process is gone: a job needs nobody to wait for it. */
export class ReplaySupervisor {
  readonly #edges: ReplaySupervisorEdges;
  readonly #lives = new Map<string, { readonly end: AbortController; readonly over: Promise<void> }>();
  /** Of jobs whose process has ended before they were over: since when, and how often in a row. */
  readonly #ended = new Map<string, { readonly failures: number; readonly until: number }>();
  #closing = false;

  constructor(edges: ReplaySupervisorEdges) {
    this.#edges = edges;
  }

  /** Starts what waits, and takes away what is left of jobs that are over. */
  async look(): Promise<void> {
    await this.#start();
    await this.#clear();
  }

  async #start(): Promise<void> {
    const { replays, clock } = this.#edges;
    const waiting = (await replays.waiting(LOOKED_AT)).map(({ job }) => job);
    const ids = new Set(waiting.map(({ id }) => id));
    for (const id of this.#ended.keys()) if (!ids.has(id)) this.#ended.delete(id);
    const elsewhere = waiting.filter((job) => !this.#lives.has(job.id) && isTaken(job, null, clock.now())).length;
    for (const job of waiting) {
      if (this.#closing || this.#lives.size + elsewhere >= AT_ONCE) return;
      if (this.#isDue(job, clock.now())) this.#begin(job.id);
    }
  }

  /** Stops all of them; what they were at goes on when such a room runs again. */
  async close(): Promise<void> {
    this.#closing = true;
    const lives = [...this.#lives.values()];
    for (const { end } of lives) end.abort();
    await Promise.all(lives.map(({ over }) => over));
  }

  /** Who worked on it does so as its last act. But one that was cancelled may have nobody, and a process may die before. */
  async #clear(): Promise<void> {
    const { replays, clock } = this.#edges;
    for (const { job } of await replays.uncleared(CLEARED_AT)) {
      if (this.#closing) return;
      if (!this.#lives.has(job.id) && !isTaken(job, null, clock.now())) await clearReplay(this.#edges, job);
    }
  }

  #isDue(job: ReplayJob, now: number): boolean {
    if (this.#lives.has(job.id) || isTaken(job, null, now)) return false;
    if (job.spec.host !== null && job.spec.host !== this.#edges.host) return false;
    return now >= (this.#ended.get(job.id)?.until ?? 0);
  }

  #begin(id: string): void {
    const end = new AbortController();
    const over = this.#run(id, end.signal)
      .catch(this.#edges.onFatal)
      .finally(() => this.#lives.delete(id));
    this.#lives.set(id, { end, over });
  }

  async #run(id: string, signal: AbortSignal): Promise<void> {
    const { processes, clock, random, replays, onUnreported } = this.#edges;
    const began = clock.now();
    const end = await endOf(processes.start(`replay-${id}`, { DDC_REPLAY: id, DDC_HTTP_PORT: '0' }), clock, signal);
    const now = clock.now();
    const before = hasPassed(HEALTHY_MS, began, now) ? 0 : (this.#ended.get(id)?.failures ?? 0);
    this.#ended.set(id, { failures: before + 1, until: now + backoff(before + 1, random.float, PAUSES) });
    if (end.code === 0 || signal.aborted) return;
    const { code, message } = troubleOf(end, now);
    // One that was killed is still believed to live for some seconds; then it is due again.
    await orderReplay({ replays, clock }, id, { kind: 'trouble', error: { code, message } }).catch(onUnreported);
  }
}
