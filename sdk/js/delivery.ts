import { BatchLost, BatchRefused } from './errors.ts';
import { type BatchStatus, type Transport, TryAgain } from './transport.ts';

/** A signed batch, ready to send. */
export interface SignedBatch {
  readonly batchId: string;
  readonly body: Uint8Array;
}

export interface DeliveryOptions {
  readonly transport: Transport;
  /** Requests in flight at once. */
  readonly concurrency: number;
  /** How often the status of accepted batches is asked for, milliseconds. */
  readonly statusEveryMs: number;
  /** First and longest pause before a batch is sent again, milliseconds. */
  readonly backoff: { readonly firstMs: number; readonly longestMs: number };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface DeliveryCounts {
  /** Batches with at least one 202. */
  accepted: number;
  /** Batches sent more than once. */
  resent: number;
  /** Batches known to be encrypted. */
  safe: number;
}

interface Parcel {
  readonly sign: () => SignedBatch;
  signed: SignedBatch | null;
  /** It was refused as stale, signed anew, and not accepted since. */
  refreshed: boolean;
  sends: number;
  accepted: boolean;
  /** When it may be sent again if its status is still unknown. */
  resendAt: number;
  readonly onAccepted: (batchId: string) => void;
  readonly resolve: (batchId: string) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Keeps every batch until the service says that it is encrypted (or dead, or erased), and sends it again with backoff
 * while its status is unknown: a 202 alone is not trusted, because a 202 can outlive a write that never happened.
 */
export class Delivery {
  readonly counts: DeliveryCounts = { accepted: 0, resent: 0, safe: 0 };
  readonly #options: DeliveryOptions;
  readonly #waiting: Parcel[] = [];
  readonly #accepted = new Map<string, Parcel>();
  #inFlight = 0;
  #polling = false;
  #timers = new Set<NodeJS.Timeout>();
  #closed = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Batches not yet safe. */
  get pending(): number {
    return this.#waiting.length + this.#inFlight + this.#accepted.size;
  }

  /**
   * Signs when its turn to be sent comes. Resolves with the batch id once the batch is encrypted.
   * @throws BatchRefused or BatchLost when it never will be.
   */
  submit(sign: () => SignedBatch, onAccepted: (batchId: string) => void): Promise<string> {
    return new Promise((resolve, reject) => {
      const unsent = { signed: null, refreshed: false, sends: 0, accepted: false, resendAt: 0 };
      this.#waiting.push({ sign, ...unsent, onAccepted, resolve, reject });
      this.#pump();
    });
  }

  /** Stops sending; batches not yet safe are reported to their callers. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const parcel of [...this.#waiting, ...this.#accepted.values()])
      parcel.reject(new Error('the client was closed'));
    this.#waiting.length = 0;
    this.#accepted.clear();
  }

  #pump(): void {
    while (!this.#closed && this.#inFlight < this.#options.concurrency) {
      const parcel = this.#waiting.shift();
      if (!parcel) return;
      this.#inFlight += 1;
      void this.#send(parcel).finally(() => {
        this.#inFlight -= 1;
        this.#pump();
      });
    }
  }

  async #send(parcel: Parcel): Promise<void> {
    try {
      parcel.signed ??= parcel.sign();
      parcel.sends += 1;
      if (parcel.sends === 2) this.counts.resent += 1;
      await this.#options.transport.post(parcel.signed.body);
      if (this.#closed) throw new Error('the client was closed');
      parcel.refreshed = false;
      parcel.resendAt = this.#options.now() + this.#pause(parcel.sends);
      this.#accepted.set(parcel.signed.batchId, parcel);
      this.#pollLater();
      if (!parcel.accepted) {
        parcel.accepted = true;
        this.counts.accepted += 1;
        parcel.onAccepted(parcel.signed.batchId);
      }
    } catch (error) {
      if (error instanceof BatchRefused && error.code === 'stale' && !parcel.refreshed) {
        // The batch id does not hold the time of signing: the same batch, signed now. Once, in case our clock is the wrong one.
        parcel.signed = null;
        parcel.refreshed = true;
        this.#again(parcel);
      } else if (error instanceof TryAgain) {
        this.#after(Math.max(error.retryAfterMs, this.#pause(parcel.sends)), () => this.#again(parcel));
      } else {
        parcel.reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  #again(parcel: Parcel): void {
    this.#waiting.push(parcel);
    this.#pump();
  }

  /** Exponential, with jitter between half and the whole. */
  #pause(sends: number): number {
    const { firstMs, longestMs } = this.#options.backoff;
    return Math.min(longestMs, firstMs * 2 ** (sends - 1)) * (0.5 + this.#options.random() / 2);
  }

  #pollLater(): void {
    if (this.#polling || this.#closed) return;
    this.#polling = true;
    this.#after(this.#options.statusEveryMs, async () => {
      await this.#poll();
      this.#polling = false;
      if (this.#accepted.size > 0) this.#pollLater();
    });
  }

  async #poll(): Promise<void> {
    const ids = [...this.#accepted.keys()];
    for (let from = 0; from < ids.length; from += 1000) {
      const asked = ids.slice(from, from + 1000);
      try {
        for (const status of await this.#options.transport.statuses(asked)) this.#judge(status);
      } catch (error) {
        if (error instanceof TryAgain) return;
        this.#giveUp(asked, error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  /** The service refuses to tell: nothing more can be learned about these batches. */
  #giveUp(batchIds: readonly string[], error: Error): void {
    for (const id of batchIds) {
      this.#accepted.get(id)?.reject(error);
      this.#accepted.delete(id);
    }
  }

  #judge(status: BatchStatus): void {
    const parcel = this.#accepted.get(status.batchId);
    if (!parcel) return;
    if (status.outcome === 'dead' || status.outcome === 'erased') {
      this.#accepted.delete(status.batchId);
      parcel.reject(new BatchLost(status.batchId, status.outcome));
    } else if (status.stages.encrypted) {
      this.#accepted.delete(status.batchId);
      this.counts.safe += 1;
      parcel.resolve(status.batchId);
    } else if (this.#options.now() >= parcel.resendAt) {
      this.#accepted.delete(status.batchId);
      this.#again(parcel);
    }
  }

  #after(ms: number, run: () => unknown): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void run();
    }, ms);
    this.#timers.add(timer);
  }
}
