import type { Clock, Random } from '../pipeline/clock.ts';
import type { IndexStore } from '../pipeline/ports/index-store.ts';
import { withRetry } from '../pipeline/retry.ts';

/** Removals are applied within a second of their commit. */
const SWEEP_MS = 900;

export interface SweeperEdges {
  readonly store: Pick<IndexStore, 'sweep'>;
  readonly clock: Clock;
  readonly random: Random;
  onRetry(operation: string, attempt: number, error: unknown): void;
  onSwept(rows: number): void;
  onFatal(error: unknown): void;
}

/** Turns rows that an erasure reached after they were indexed into voids, again and again until closed. */
export function startSweeper(edges: SweeperEdges): { close(): Promise<void> } {
  const { store, clock, random, onRetry, onSwept, onFatal } = edges;
  const stopping = new AbortController();
  const { signal } = stopping;
  const sweeping = (async () => {
    while (!signal.aborted) {
      const rows = await withRetry({ clock, random, signal, onRetry }, 'sweep', () => store.sweep());
      if (rows > 0) onSwept(rows);
      await clock.sleep(SWEEP_MS, signal);
    }
  })().catch((error: unknown) => {
    if (!signal.aborted) onFatal(error);
  });
  return {
    async close() {
      stopping.abort(new Error('the indexer stops'));
      await sweeping;
    },
  };
}
