import { backoff } from './backoff.ts';
import type { Clock, Random } from './clock.ts';
import { RetriableError } from './errors.ts';

export interface RetryEdges {
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the waiting. An attempt that is under way is finished. */
  readonly signal: AbortSignal;
  onRetry(operation: string, attempt: number, error: RetriableError): void;
}

/**
 * Repeats `attempt` while it throws a `RetriableError`, with backoff and jitter.
 * @throws whatever else it throws, and the signal's reason when a repetition would be due after the abort
 */
export async function withRetry<T>(edges: RetryEdges, operation: string, attempt: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RetriableError)) throw error;
      // Being stopped is not a failure, and the reason of the abort may well be a `RetriableError` itself.
      if (edges.signal.aborted && error === edges.signal.reason) throw error;
      edges.onRetry(operation, n, error);
      if (edges.signal.aborted) throw edges.signal.reason;
      await edges.clock.sleep(
        backoff(n, () => edges.random.float()),
        edges.signal,
      );
    }
  }
}
