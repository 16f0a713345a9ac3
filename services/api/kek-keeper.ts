import type { Clock, Random } from '../pipeline/clock.ts';
import { withRetry } from '../pipeline/retry.ts';

const EVERY_MS = 60_000;

export interface KekKeeperEdges {
  /** One look: rotates, wraps anew and destroys as the deployment's policy says. */
  readonly look: () => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  onRetry(operation: string, attempt: number, error: unknown): void;
  onFatal(error: unknown): void;
}

/** Keeps the key-encryption keys young, a look a minute. */
export function startKekKeeper({ look, clock, random, onRetry, onFatal }: KekKeeperEdges): { close(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const keeping = (async () => {
    while (!signal.aborted) {
      await withRetry({ clock, random, signal, onRetry }, 'keys', look);
      await clock.sleep(EVERY_MS, signal);
    }
  })().catch((error: unknown) => {
    if (!signal.aborted) onFatal(error);
  });
  return {
    async close() {
      stopping.abort(new Error('the API stops'));
      await keeping;
    },
  };
}
