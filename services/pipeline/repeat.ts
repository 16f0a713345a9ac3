import type { Clock, Random } from './clock.ts';
import { withRetry } from './retry.ts';

export interface RepeatEdges {
  readonly clock: Clock;
  readonly random: Random;
  onRetry(operation: string, attempt: number, error: unknown): void;
  /** Told of what no repetition mends; the repetition has ended then. */
  onFatal(error: unknown): void;
}

/** One kind of work that a room does again and again, beside its stream. */
export interface Repeated {
  /** For logs and metrics. */
  readonly operation: string;
  /** Pause after each look, milliseconds. */
  readonly everyMs: number;
  /** @param signal aborted when the room stops: a long look ends early */
  readonly look: (signal: AbortSignal) => Promise<void>;
}

/** Looks at once, then again after each pause, until closed. A look that meets a part that is down is tried again with backoff. */
export function repeat({ operation, everyMs, look }: Repeated, edges: RepeatEdges): { close(): Promise<void> } {
  const { clock, onFatal } = edges;
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = (async () => {
    while (!signal.aborted) {
      await withRetry({ ...edges, signal }, operation, () => look(signal));
      await clock.sleep(everyMs, signal);
    }
  })().catch((error: unknown) => {
    if (!signal.aborted) onFatal(error);
  });
  return {
    async close() {
      stopping.abort(new Error('the room stops'));
      await running;
    },
  };
}
