import { BatchLost, BatchRefused, ClientClosed } from './errors.ts';
import type { OpenQueue } from './queue/batch-queue.ts';
import type { QueuedBatch } from './queue/queue-state.ts';
import { type Parcel, type Sign, SourceQueue } from './source-queue.ts';
import { type BatchStatus, type Transport, TryAgain } from './transport.ts';

/** A signed batch, ready to send. */
export interface SignedBatch {
  readonly batchId: string;
  readonly body: Uint8Array;
  /** Of a wallet that may move between modes; absent where a refusal of the mode is final. */
  readonly mode?: {
    /** The wallet has moved, or begun an epoch, since: it is to be signed anew. */
    isOutdated(): boolean;
    /** The service says that the wallet has another mode or subject. */
    onRefused(): void;
  };
}

/** Refusals of a batch that was encrypted for another mode than the wallet has at the service. */
const MOVED: ReadonlySet<string> = new Set(['mode_mismatch', 'subject_mismatch']);
/** What the application, not the batch, lacks: it is taken once that is mended. */
const HELD: ReadonlySet<string> = new Set(['quota_exceeded', 'unpaid']);
/** The service may be 5 s behind a move: so often is a batch offered anew, with growing pauses. */
const MOST_REFUSALS = 8;

/** A batch that the service does not take now: it stays in the queue and is offered again, and so is what the wallet wrote after it. */
export interface Held {
  /** `quota_exceeded` or `unpaid`. */
  readonly code: string;
  /** What the service says of it. */
  readonly message: string;
  /** When it is offered again, milliseconds from now: when the service asked for, within a quarter of an hour. */
  readonly retryInMs: number;
}

export interface DeliveryOptions {
  readonly transport: Transport;
  /** Requests in flight at once. */
  readonly concurrency: number;
  /** How often the status of accepted batches is asked for, milliseconds. */
  readonly statusEveryMs: number;
  /** First and longest pause before a batch is sent again, milliseconds. */
  readonly backoff: { readonly firstMs: number; readonly longestMs: number };
  /** Told each time that a batch is held back. */
  readonly onHeld?: (held: Held) => void;
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
  /** Batches known to be in the index. */
  safe: number;
  /** Batches that wait now because the app's quota is used up or its pot is empty. */
  held: number;
}

/**
 * Keeps every batch until the service says that it is indexed (or dead, or erased), and sends it again with backoff
 * while its status is unknown: a 202 alone is not trusted, because a 202 can outlive a write that never happened.
 * Sources take turns; each has one request in flight.
 */
export class Delivery {
  readonly counts: DeliveryCounts = { accepted: 0, resent: 0, safe: 0, held: 0 };
  readonly #options: DeliveryOptions;
  /** Every source that was opened. */
  readonly #sources = new Set<SourceQueue>();
  /** Sources whose turn it is, in order. */
  readonly #turns: SourceQueue[] = [];
  readonly #accepted = new Map<string, { parcel: Parcel; source: SourceQueue }>();
  #inFlight = 0;
  #polling = false;
  #timers = new Set<NodeJS.Timeout>();
  #closed = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** One source (`seq` counts its batches), whose batches are kept in `queue`. */
  openSource(queue: OpenQueue): SourceQueue {
    const source = new SourceQueue(queue);
    this.#sources.add(source);
    return source;
  }

  /**
   * Signs when its turn to be sent comes. Resolves with the batch id once the batch is indexed.
   * @param batch as it stands in the queue of the source; one that has a number may have been sent by an earlier process
   * @throws BatchRefused or BatchLost when it never will be; ClientClosed
   */
  submit(
    source: SourceQueue,
    { id, seq, issuedAt }: Omit<QueuedBatch, 'events'>,
    sign: Sign,
    onAccepted: Parcel['onAccepted'],
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new ClientClosed());
      const unsent = { signed: null, refreshed: false, moved: 0, held: false, sends: 0, accepted: false, resendAt: 0 };
      source.waiting.push({
        ...{ id, seq, issuedAt, sign, ...unsent, doubtful: seq !== null },
        ...{ onAccepted, resolve, reject },
      });
      this.#turn(source);
    });
  }

  /** Stops sending; batches not yet safe are reported to their callers. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const held = [...this.#accepted.values()].map(({ parcel }) => parcel);
    for (const source of this.#sources) held.push(...source.waiting.splice(0));
    for (const parcel of held) parcel.reject(new ClientClosed());
    this.#accepted.clear();
    this.counts.held = 0;
  }

  #turn(source: SourceQueue): void {
    this.#turns.push(source);
    this.#pump();
  }

  #pump(): void {
    while (!this.#closed && this.#inFlight < this.#options.concurrency) {
      const source = this.#turns.shift();
      if (!source) return;
      const parcel = source.take();
      if (!parcel) continue;
      this.#inFlight += 1;
      void this.#send(source, parcel).then((pauseMs) => {
        this.#inFlight -= 1;
        if (pauseMs > 0) this.#after(pauseMs, () => this.#free(source));
        else this.#free(source);
        this.#pump();
      });
    }
  }

  #free(source: SourceQueue): void {
    source.release();
    if (source.waiting.length > 0) this.#turn(source);
  }

  /** @returns milliseconds until this source may send again. */
  async #send(source: SourceQueue, parcel: Parcel): Promise<number> {
    try {
      const signed = await source.sign(parcel, this.#options.now());
      parcel.sends += 1;
      if (parcel.sends === 2) this.counts.resent += 1;
      await this.#options.transport.post(signed.body);
      if (this.#closed) throw new ClientClosed();
      this.#hold(parcel, false);
      parcel.refreshed = false;
      parcel.resendAt = this.#options.now() + this.#pause(parcel.sends);
      this.#accepted.set(signed.batchId, { parcel, source });
      this.#pollLater();
      if (!parcel.accepted) {
        parcel.accepted = true;
        this.counts.accepted += 1;
        parcel.onAccepted(signed.batchId);
      }
      return 0;
    } catch (error) {
      return this.#afterFailure(source, parcel, error);
    }
  }

  #afterFailure(source: SourceQueue, parcel: Parcel, error: unknown): number {
    if (this.#closed) {
      parcel.reject(new ClientClosed());
    } else if (error instanceof BatchRefused && error.code === 'stale' && !parcel.refreshed) {
      // The batch id does not hold the time of signing: the same batch, signed now. Once, in case our clock is the wrong one.
      parcel.signed = null;
      parcel.issuedAt = null;
      parcel.refreshed = true;
      source.waiting.unshift(parcel);
    } else if (isMoved(error) && parcel.signed?.mode && parcel.moved < MOST_REFUSALS) {
      // Whoever encrypts, the batch id is the same: a copy that was taken after all makes this one a duplicate.
      parcel.signed.mode.onRefused();
      parcel.signed = null;
      parcel.moved += 1;
      source.waiting.unshift(parcel);
      return parcel.moved === 1 ? 0 : this.#pause(parcel.moved - 1);
    } else if (error instanceof TryAgain) {
      // Not when it was not even signed: nothing was sent.
      if (parcel.signed) parcel.doubtful = true;
      source.waiting.unshift(parcel);
      return Math.max(error.retryAfterMs, this.#pause(parcel.sends));
    } else if (error instanceof BatchRefused && HELD.has(error.code)) {
      source.waiting.unshift(parcel);
      this.#hold(parcel, true);
      const retryInMs = Math.max(error.retryAfterMs, this.#pause(parcel.sends));
      const { code, message } = error;
      // Apart: what the application does in it must not stop delivery.
      queueMicrotask(() => this.#options.onHeld?.({ code, message, retryInMs }));
      return retryInMs;
    } else {
      this.#hold(parcel, false);
      source.refused(parcel);
      parcel.reject(error instanceof Error ? error : new Error(String(error)));
    }
    return 0;
  }

  #hold(parcel: Parcel, held: boolean): void {
    if (parcel.held !== held) this.counts.held += held ? 1 : -1;
    parcel.held = held;
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
      this.#accepted.get(id)?.parcel.reject(error);
      this.#accepted.delete(id);
    }
  }

  #judge({ batchId, outcome, stages }: BatchStatus): void {
    const known = this.#accepted.get(batchId);
    if (!known) return;
    const { parcel, source } = known;
    if (outcome === 'dead' || outcome === 'erased') {
      this.#accepted.delete(batchId);
      source.settled(parcel);
      parcel.reject(new BatchLost(batchId, outcome));
    } else if (stages.indexed) {
      // Not before: that a batch was voided is known when its void is in the index.
      this.#accepted.delete(batchId);
      this.counts.safe += 1;
      source.settled(parcel);
      parcel.resolve(batchId);
    } else if (!stages.encrypted && this.#options.now() >= parcel.resendAt) {
      this.#accepted.delete(batchId);
      source.waiting.unshift(parcel);
      this.#turn(source);
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

const isMoved = (error: unknown): boolean => error instanceof BatchRefused && MOVED.has(error.code);
