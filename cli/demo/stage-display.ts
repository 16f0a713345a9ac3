import { MultiBar, type SingleBar } from 'cli-progress';
import { toHex } from '../../protocol/index.ts';
import type { BatchStatus } from '../../sdk/js/index.ts';
import type { Stores } from '../census/stores.ts';

const STAGES = ['encrypted', 'pinned', 'indexed', 'settled'] as const;

/** Progress of a run through the stages, on stderr and only on a terminal. Asks the API, as any client would. */
export class StageDisplay {
  readonly #events: number;
  readonly #bars: MultiBar | null;
  readonly #byStage = new Map<string, SingleBar>();

  constructor(events: number) {
    this.#events = events;
    this.#bars = process.stderr.isTTY
      ? new MultiBar({
          format: ' {stage} {bar} {value}/{total}',
          stream: process.stderr,
          clearOnComplete: true,
          hideCursor: true,
        })
      : null;
  }

  /** Asks for the status of every batch, shows it, and returns how many batches are indexed and settled. */
  async look(
    { deployment }: Stores,
    batchIds: readonly Uint8Array[],
  ): Promise<{ indexedBatches: number; settledBatches: number }> {
    const statuses: BatchStatus[] = [];
    for (let from = 0; from < batchIds.length; from += 1000) {
      const ids = batchIds.slice(from, from + 1000).map((id) => toHex(id));
      const answer = await fetch(`${deployment.api}/v1/batches/status`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ids }),
      });
      if (!answer.ok) throw new Error(`the API answered ${answer.status}: ${await answer.text()}`);
      statuses.push(...((await answer.json()) as { batches: BatchStatus[] }).batches);
    }
    const reached = (stage: (typeof STAGES)[number]) => statuses.filter(({ stages }) => stages[stage]).length;
    for (const stage of STAGES) this.#show(stage, Math.round((reached(stage) / batchIds.length) * this.#events));
    return { indexedBatches: reached('indexed'), settledBatches: reached('settled') };
  }

  exported(events: number): void {
    this.#show('exported', events);
  }

  close(): void {
    this.#bars?.stop();
  }

  #show(stage: string, value: number): void {
    if (!this.#bars) return;
    const bar = this.#byStage.get(stage) ?? this.#bars.create(this.#events, 0, { stage: stage.padEnd(10) });
    this.#byStage.set(stage, bar);
    bar.update(value);
  }
}
