import type { Event } from '../../../protocol/index.ts';
import type { OpenQueue } from './batch-queue.ts';
import type { QueueChange, QueuedBatch, QueueState } from './queue-state.ts';

/** Keeps changes in their order. */
export interface Journal {
  /** Bytes since it was written anew, about. */
  readonly size: number;
  /**
   * Appends all of them or none. @param durable: only resolves once they outlive a loss of power
   * @throws whatever the storage says; nothing of them is kept then
   */
  append(changes: readonly QueueChange[], durable: boolean): Promise<void>;
  /** Writes the queue as it is in the place of its history. */
  rewrite(state: QueueState): Promise<void>;
  close(): Promise<void>;
}

/** A history shorter than this is not worth being written anew. */
const LEAST_REWRITE = 1_000_000;

/**
 * A queue whose changes are kept in a journal. Memory is ahead of the journal, never behind it, and the journal has the order of memory: a `settle` that
 * could not be written goes in front of whatever is written next.
 */
export class JournaledQueue implements OpenQueue {
  readonly #state: QueueState;
  readonly #journal: Journal;
  #unwritten: QueueChange[] = [];
  #writing: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #rewriteAt = LEAST_REWRITE;

  constructor(state: QueueState, journal: Journal) {
    this.#state = state;
    this.#journal = journal;
  }

  get source(): string {
    return this.#state.source;
  }

  get batches(): readonly QueuedBatch[] {
    return this.#state.batches;
  }

  async add(events: Event[]): Promise<QueuedBatch> {
    const change = this.#state.add(events);
    try {
      await this.#write(change);
    } catch (error) {
      this.#state.apply({ settle: change.add, free: false });
      throw error;
    }
    return { id: change.add, events, seq: null, issuedAt: null };
  }

  async sign(id: number, issuedAt: number): Promise<number> {
    const change = this.#state.sign(id, issuedAt);
    await this.#write(change);
    return change.seq;
  }

  settle(id: number, free: boolean): void {
    const change = { settle: id, free };
    this.#state.apply(change);
    this.#unwritten.push(change);
    // It stays among the unwritten when the disk refuses it, and is only missed after a crash: then the batch is sent once more.
    this.#inTurn(() => this.#flush([], false)).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#inTurn(() => this.#flush([], true)).catch(() => undefined);
    await this.#journal.close();
  }

  #write(change: QueueChange): Promise<void> {
    return this.#inTurn(() => this.#flush([change], true));
  }

  async #flush(changes: readonly QueueChange[], durable: boolean): Promise<void> {
    const settled = this.#unwritten;
    if (settled.length + changes.length === 0) return;
    this.#unwritten = [];
    try {
      await this.#journal.append([...settled, ...changes], durable);
    } catch (error) {
      this.#unwritten = [...settled, ...this.#unwritten];
      throw error;
    }
    if (this.#journal.size > this.#rewriteAt) await this.#shorten();
  }

  /** While others wait memory is ahead of the journal: what they write would stand in the new text already. */
  async #shorten(): Promise<void> {
    if (this.#waiting > 1) return;
    // Where it fails the long history stays, and is right.
    await this.#journal.rewrite(this.#state).catch(() => undefined);
    this.#rewriteAt = Math.max(LEAST_REWRITE, 2 * this.#journal.size);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const done = this.#writing.then(work).finally(() => {
      this.#waiting -= 1;
    });
    this.#writing = done.catch(() => undefined);
    return done;
  }
}
