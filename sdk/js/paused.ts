const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * How long to wait before it is tried again, milliseconds.
 * @param failed attempts in a row, this one with them
 * @param retryAfterMs what the service said, which is kept to
 * @param firstMs after the first; twice as long after each, 30 s at most
 */
export const pauseBefore = (failed: number, retryAfterMs: number, firstMs = FIRST_PAUSE_MS): number =>
  Math.max(retryAfterMs, Math.min(LONGEST_PAUSE_MS, firstMs * 2 ** (failed - 1)));

/** Resolves after `ms`, or as soon as the signal is aborted. */
export function paused(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted) done();
    else signal?.addEventListener('abort', done, { once: true });
  });
}
