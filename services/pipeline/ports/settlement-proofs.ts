import type { BlockRef } from './chain.ts';
import type { Leaf, Round, RoundKey } from './settlement-store.ts';

/** Where one batch was settled. */
export interface SettledLeaf {
  readonly leaf: Leaf;
  readonly round: Round;
  /** Position in the tree of (round, app). */
  readonly index: number;
  /** Null until the round is final. */
  readonly block: BlockRef | null;
  readonly extrinsicHash: Uint8Array | null;
}

/** What is needed to prove a batch's settlement to somebody else. */
export interface SettlementProofs {
  /** Null where the batch has no leaf or its leaf no round. */
  leafOf(batchId: Uint8Array): Promise<SettledLeaf | null>;
  /** Leaf hashes of one app in one round, in the order of the tree: they never change. */
  leavesOf(key: RoundKey): Promise<readonly Uint8Array[]>;
}
