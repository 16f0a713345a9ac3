import type { SignedBatch } from './delivery.ts';

/** One batch on its way. */
export interface Parcel {
  readonly sign: (seq: number) => SignedBatch | Promise<SignedBatch>;
  /** Given with the first signature. */
  seq: number | null;
  signed: SignedBatch | null;
  /** It was refused as stale, signed anew, and not accepted since. */
  refreshed: boolean;
  /** How often it was refused for its mode or subject, and signed anew. */
  moved: number;
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
  readonly #freed: number[] = [];
  #next = 0;
  #busy = false;

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

  /** Signs a batch that has no signature yet, or one for a mode that the wallet has left. */
  async sign(parcel: Parcel): Promise<SignedBatch> {
    parcel.seq ??= this.#freed.shift() ?? this.#next++;
    if (!parcel.signed || parcel.signed.mode?.isOutdated()) parcel.signed = await parcel.sign(parcel.seq);
    return parcel.signed;
  }

  /** A batch was finally refused: its seq is free, unless something with it may stand in the log. */
  refused({ seq, accepted, doubtful }: Parcel): void {
    if (seq !== null && !accepted && !doubtful) this.#freed.push(seq);
  }
}
