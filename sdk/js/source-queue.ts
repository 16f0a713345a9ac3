import type { SignedBatch } from './delivery.ts';
import type { OpenQueue } from './queue/batch-queue.ts';
import { TryAgain } from './transport.ts';

/** Signs a batch. @param issuedAt milliseconds since the epoch */
export type Sign = (seq: number, issuedAt: number) => SignedBatch | Promise<SignedBatch>;

/** One batch on its way. */
export interface Parcel {
  readonly sign: Sign;
  /** Its number in the queue of its source. */
  readonly id: number;
  /** Given with the first signature. */
  seq: number | null;
  /** As signed; null where it is to be signed as of now. */
  issuedAt: number | null;
  signed: SignedBatch | null;
  /** It was refused as stale, signed anew, and not accepted since. */
  refreshed: boolean;
  /** How often it was refused for its mode or subject, and signed anew. */
  moved: number;
  /** It was refused because the app's quota is used up or its pot is empty, and not accepted since. */
  held: boolean;
  sends: number;
  accepted: boolean;
  /** An earlier send may have been written although its answer did not say so. */
  doubtful: boolean;
  /** When it may be sent again if its status is still unknown. */
  resendAt: number;
  readonly onAccepted: (batchId: string) => void;
  readonly resolve: (batchId: string) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The batches of one source: one in flight at a time, that is, not yet answered. `seq` is given when a batch is first signed, and one that
 * was finally refused is used by the next batch, so that it counts without gaps.
 */
export class SourceQueue {
  readonly waiting: Parcel[] = [];
  readonly #queue: OpenQueue;
  #busy = false;

  constructor(queue: OpenQueue) {
    this.#queue = queue;
  }

  /** The next batch to send, after which the source is busy; null when it is busy or has none. */
  take(): Parcel | null {
    if (this.#busy) return null;
    const parcel = this.waiting.shift() ?? null;
    this.#busy = parcel !== null;
    return parcel;
  }

  /** The batch that was taken is answered, or its pause is over. */
  release(): void {
    this.#busy = false;
  }

  /**
   * Signs a batch that has no signature yet, or one for a mode that the wallet has left. Its number is kept before it is sent.
   * @throws TryAgain while the queue cannot be written; whatever signing throws
   */
  async sign(parcel: Parcel, now: number): Promise<SignedBatch> {
    if (parcel.seq === null || parcel.issuedAt === null) await this.#number(parcel, now);
    const { seq, issuedAt, signed } = parcel;
    if (signed && !signed.mode?.isOutdated()) return signed;
    parcel.signed = await parcel.sign(seq as number, issuedAt as number);
    return parcel.signed;
  }

  /** A batch was finally refused: its seq is free, unless something with it may stand in the log. */
  refused({ id, accepted, doubtful }: Parcel): void {
    this.#queue.settle(id, !accepted && !doubtful);
  }

  /** A batch is safe or lost: its seq stays used. */
  settled({ id }: Parcel): void {
    this.#queue.settle(id, false);
  }

  async #number(parcel: Parcel, now: number): Promise<void> {
    const issuedAt = parcel.issuedAt ?? now;
    try {
      parcel.seq = await this.#queue.sign(parcel.id, issuedAt);
      parcel.issuedAt = issuedAt;
    } catch (cause) {
      throw new TryAgain('the queue cannot be written', 0, { cause });
    }
  }
}
