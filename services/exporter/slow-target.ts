import type { Clock } from '../pipeline/clock.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { around } from './around.ts';
import { PROCESS, type StatusBook } from './status-book.ts';

/** So long a target is waited for in silence. Milliseconds. */
const SILENT_MS = 10_000;

/**
 * A sink whose target is told of while it does not answer: what a target hangs in has no end of its own for a while, and where it is a file
 * system, none at all.
 */
export function watchedTarget(sink: Sink, book: Pick<StatusBook, 'failed'>, clock: Clock, silentMs = SILENT_MS): Sink {
  async function tellWhile(over: AbortSignal, partition: number, what: string): Promise<void> {
    for (let waited = silentMs; ; waited += silentMs) {
      try {
        await clock.sleep(silentMs, over);
      } catch (error) {
        if (over.aborted) return;
        throw error;
      }
      const message = `${what}: the target has not answered for ${Math.round(waited / 1_000)} s`;
      book.failed(partition, { code: 'target_silent', message }, what !== 'put');
    }
  }

  async function watched<T>(partition: number, what: string, call: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    const telling = tellWhile(over.signal, partition, what);
    try {
      return await call();
    } finally {
      over.abort();
      await telling;
    }
  }

  return around(sink, {
    check: () => watched(PROCESS, 'check', () => sink.check()),
    position: (partition) => watched(partition, 'position', () => sink.position(partition)),
    put: (rows, delivery, keep) => watched(delivery.partition, 'put', () => sink.put(rows, delivery, keep)),
    erase: (owners) => watched(PROCESS, 'erase', () => sink.erase(owners)),
    remove: (selections) => watched(PROCESS, 'remove', () => sink.remove(selections)),
  });
}
