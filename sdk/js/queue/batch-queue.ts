import type { Event } from '../../../protocol/index.ts';
import { newQueue, type QueuedBatch, type QueueOwner } from './queue-state.ts';

/** The queue of one source, held by one process at a time. */
export interface OpenQueue {
  /** 16 bytes, hex. */
  readonly source: string;
  /** What is in it, oldest first. */
  readonly batches: readonly QueuedBatch[];
  /** Durable once it resolves. @throws whatever the storage says; the batch is not in the queue then */
  add(events: Event[]): Promise<QueuedBatch>;
  /**
   * Gives a batch its `seq`, before it is first sent, and keeps when it was signed. Durable once it resolves: after a crash the same batch goes out under
   * the same number, so it is the same batch. @returns the `seq` @throws whatever the storage says; to be tried again
   */
  sign(id: number, issuedAt: number): Promise<number>;
  /**
   * The batch is safe, lost or refused, and leaves the queue. May be forgotten in a crash: the batch is sent once more then, and known by its id.
   * @param free its `seq` is for the next batch
   */
  settle(id: number, free: boolean): void;
  /** Gives the queue up; what is in it stays for the next opening. */
  close(): Promise<void>;
}

/** Where the batches of a wallet wait for the service: in memory, in a file over restarts (Node), in a browser's storage. */
export interface BatchQueue {
  /**
   * @param newSource 16 bytes, hex: the source of a queue that is new
   * @throws QueueBusy when another process holds it; QueueDamaged when something else stands there
   */
  open(owner: QueueOwner, newSource: string): Promise<OpenQueue>;
}

/** A queue that ends with the process. */
export function openMemoryQueue(source: string): OpenQueue {
  const state = newQueue(source);
  return {
    source,
    get batches() {
      return state.batches;
    },
    async add(events) {
      return { id: state.add(events).add, events, seq: null, issuedAt: null };
    },
    async sign(id, issuedAt) {
      return state.sign(id, issuedAt).seq;
    },
    settle(id, free) {
      state.apply({ settle: id, free });
    },
    close: async () => undefined,
  };
}

/**
 * Keeps nothing over a restart: what is not safe when the process ends is lost. Every opening is a source of its own.
 * @example
 * const ddc = await Ddc.connect({ url, app, account, queue: memoryQueue() });
 */
export const memoryQueue = (): BatchQueue => ({ open: async (_owner, source) => openMemoryQueue(source) });
