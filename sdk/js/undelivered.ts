import { ClientClosed } from './errors.ts';

/** An event that will never be safe, and why: BatchRefused, BatchLost, or what the queue's storage says. */
export interface Loss {
  readonly eventId: string;
  readonly error: Error;
}

/** Losses that nobody asked about. Older ones are forgotten: whoever has so many is told by `onLost`. */
const MOST_LOSSES = 10_000;

/** Events that are not safe yet. A loss is told to whoever waits for the event, to `onLost`, and to the next `flush`. */
export class Undelivered {
  readonly #onLost: ((loss: Loss) => void) | undefined;
  readonly #open = new Set<Promise<unknown>>();
  readonly #unqueued = new Set<Promise<unknown>>();
  #losses: Loss[] = [];

  constructor(onLost: ((loss: Loss) => void) | undefined) {
    this.#onLost = onLost;
  }

  add(eventIds: readonly string[], safe: Promise<unknown>, queued?: Promise<unknown>): void {
    const ended = safe.then(
      () => undefined,
      (error: unknown) => this.#lost(eventIds, error),
    );
    keepUntil(this.#open, ended);
    if (queued)
      keepUntil(
        this.#unqueued,
        queued.catch(() => undefined),
      );
  }

  /** Resolves when there is none left of those there are now. */
  async settled(): Promise<void> {
    await Promise.all(this.#open);
  }

  /** Resolves when each that is here now stands in the queue, or could not be put there. */
  async queued(): Promise<void> {
    await Promise.all(this.#unqueued);
  }

  /** What was lost since this was called last. */
  take(): Loss[] {
    const losses = this.#losses;
    this.#losses = [];
    return losses;
  }

  #lost(eventIds: readonly string[], cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    // Whoever closes knows; a queue of files still has it.
    if (error instanceof ClientClosed) return;
    for (const eventId of eventIds) {
      this.#losses.push({ eventId, error });
      this.#onLost?.({ eventId, error });
    }
    if (this.#losses.length > MOST_LOSSES) this.#losses.splice(0, this.#losses.length - MOST_LOSSES);
  }
}

function keepUntil(set: Set<Promise<unknown>>, ended: Promise<unknown>): void {
  set.add(ended);
  void ended.then(() => set.delete(ended));
}
