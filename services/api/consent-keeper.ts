import type { Clock, Random } from '../pipeline/clock.ts';
import type { Consents } from '../pipeline/ports/consents.ts';
import { withRetry } from '../pipeline/retry.ts';

const EVERY_MS = 1_000;
const OWNERS_PER_LOOK = 500;

export interface ConsentKeeperEdges {
  readonly consents: Pick<Consents, 'answerExpired'>;
  readonly clock: Clock;
  readonly random: Random;
  onRetry(operation: string, attempt: number, error: unknown): void;
  onFatal(error: unknown): void;
}

/** Begins new epochs where grants or policies have expired, within about a second. Several processes may do it at once. */
export function startConsentKeeper(edges: ConsentKeeperEdges): { close(): Promise<void> } {
  const { consents, clock, random, onRetry, onFatal } = edges;
  const stopping = new AbortController();
  const { signal } = stopping;
  const look = () =>
    withRetry({ clock, random, signal, onRetry }, 'expired consent', () =>
      consents.answerExpired(clock.now(), OWNERS_PER_LOOK),
    );
  const keeping = (async () => {
    while (!signal.aborted) {
      while ((await look()) === OWNERS_PER_LOOK);
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
