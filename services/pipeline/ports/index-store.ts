import type { PinnedBody, VoidReason } from '../../../schemas/index.ts';
import type { Position } from './positions.ts';

/** One judged record of `pinned` as the indexer applies it. */
export interface IndexEntry {
  readonly origin: number;
  readonly batchId: Uint8Array;
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  readonly rootVersion: number;
  readonly source: Uint8Array | null;
  readonly seq: number | null;
  /** null for a live batch. */
  readonly reason: VoidReason | null;
  /** Everything of the body but its envelopes; null for a void. */
  readonly body: Omit<PinnedBody, 'meta' | 'events'> | null;
}

export interface IndexedBatch extends IndexEntry {
  readonly partition: number;
  /** Another batch has the same (app, wallet, signer, source, seq). */
  readonly conflict: boolean;
}

export interface IndexStore {
  /**
   * One transaction: move the indexer's row `from` → `to` and apply the entries.
   * @returns false (nothing applied) when the row is no longer `from`.
   */
  apply(partition: number, from: Position, to: Position, entries: readonly IndexEntry[]): Promise<boolean>;
  /** By batch id; voids of duplicates are not found here. */
  batches(batchIds: readonly Uint8Array[]): Promise<(IndexedBatch | null)[]>;
  /** Batches of a wallet in one app, oldest first, keyed by (time, batch id). */
  ofWallet(
    app: Uint8Array,
    wallet: Uint8Array,
    page: { after?: { time: number; batchId: Uint8Array }; limit: number },
  ): Promise<IndexedBatch[]>;
  /** (offset, mark) pairs from which a reader may start in the middle. */
  checkpoints(partition: number): Promise<Position[]>;
}
