import type { DeclaredExport, Exports } from '../pipeline/ports/exports.ts';
import { type EndReplaysEdges, endReplaysInto, exportsHeld } from '../pipeline/replays/into.ts';
import { keepRunning, type RunningEdges } from './keep-running.ts';

export interface SupervisorEdges extends Omit<RunningEdges, 'told'> {
  readonly exports: Pick<Exports, 'list' | 'forget' | 'reportRun'>;
  /** Replays into exports: one that is filled does not run, and one that is removed is forgotten after them. */
  readonly filling: EndReplaysEdges;
  /** Forgets the consumer group of an export. @returns false while somebody is in it */
  readonly removeGroup: (exportName: string) => Promise<boolean>;
  /** What could not be written of a process: nothing waits for it. */
  onUnreported(error: unknown): void;
  /** Whatever else ends an export's life here: a bug. */
  onFatal(error: unknown): void;
  onForgotten(declared: DeclaredExport): void;
}

/** One export that is run here. */
interface Life {
  readonly declared: DeclaredExport;
  readonly end: AbortController;
  readonly over: Promise<void>;
}

/** Runs one process for each export that is declared, not paused and not filled by a replay. */
export class Supervisor {
  readonly #edges: SupervisorEdges;
  readonly #lives = new Map<number, Life>();
  #closing = false;

  constructor(edges: SupervisorEdges) {
    this.#edges = edges;
  }

  /** Starts what is wanted, stops what is not, and forgets what has ended. None of them waits for another. */
  async look(): Promise<void> {
    const all = await this.#edges.exports.list();
    const { filling, clock } = this.#edges;
    const held = await exportsHeld(filling.replays, clock.now());
    if (this.#closing) return;
    const wanted = new Map(all.filter(({ state }) => state === 'running').map((one) => [one.id, one]));
    for (const [id, life] of this.#lives) if (!wanted.has(id)) life.end.abort();
    for (const [id, declared] of wanted) if (!this.#lives.has(id) && !held.has(declared.name)) this.#begin(declared);
    // One that is still stopping here is not asked about: it is in its group.
    const ending = all.filter(({ id, state }) => state === 'ending' && !this.#lives.has(id));
    await Promise.all(ending.map((declared) => this.#forget(declared)));
  }

  /** Stops all of them. */
  async close(): Promise<void> {
    this.#closing = true;
    const lives = [...this.#lives.values()];
    for (const { end } of lives) end.abort();
    await Promise.all(lives.map(({ over }) => over));
  }

  #begin(declared: DeclaredExport): void {
    const end = new AbortController();
    // One after the other, so that the last word is the last that is written.
    let reported = Promise.resolve();
    const told: RunningEdges['told'] = ({ id }, run) => {
      reported = reported.then(() => this.#edges.exports.reportRun(id, run)).catch(this.#edges.onUnreported);
    };
    const over = keepRunning({ ...this.#edges, told }, declared, end.signal)
      .then(() => reported)
      .catch(this.#edges.onFatal)
      .finally(() => this.#lives.delete(declared.id));
    this.#lives.set(declared.id, { declared, end, over });
  }

  async #forget(declared: DeclaredExport): Promise<void> {
    if (!(await endReplaysInto(this.#edges.filling, declared.name))) return;
    if (!(await this.#edges.removeGroup(declared.name))) return;
    if (await this.#edges.exports.forget(declared.id)) this.#edges.onForgotten(declared);
  }
}
