/** The Substrate chain as the settler needs it. Amounts are planck (bigint). */

export interface SignedExtrinsic {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly nonce: number;
  /** The era is valid for blocks in [birth, death). */
  readonly birth: number;
  readonly death: number;
}

export interface Charge {
  readonly app: Uint8Array;
  readonly pot: number;
  readonly fee: bigint;
  /** Bytes of the remark that stands beside the charge. */
  readonly remark: Uint8Array;
}

export interface BlockRef {
  readonly number: number;
  readonly hash: Uint8Array;
}

/** Where an extrinsic is in the canonical chain, and what it did. Included does not mean charged: look at `failed`. */
export interface Inclusion {
  readonly block: BlockRef;
  /** Position of the extrinsic in its block. */
  readonly index: number;
  /** Which of its charges moved nothing, by their order in `sign`; `all` when the whole extrinsic failed. */
  readonly failed: 'all' | readonly number[];
  /** Name of the (first) error, for example `balances.KeepAlive`. */
  readonly error: string | null;
}

/** What happened to signed bytes. */
export type Fate =
  | ({ readonly kind: 'included' } & Inclusion)
  /** Not in a block; it still may get into one. */
  | { readonly kind: 'pending' }
  /** Not in a block, its nonce is unused and its era has passed beyond any reorganisation: it never will be. */
  | { readonly kind: 'expired' }
  /** Not in a block, and another transaction has used its nonce: it never will be. */
  | { readonly kind: 'usurped' };

/** How deep a finalized block must be before we call it final. */
export const FINAL_DEPTH = 2;

/** Every method throws `RetriableError` when the node cannot be reached or does not answer in time. */
export interface Chain {
  /** How many of these charges, counted from the first, fit into one extrinsic; at least 1. */
  fits(charges: readonly Charge[]): Promise<number>;
  /** Signs charges and remarks in one extrinsic with the given nonce; era born at a block already 2 deep. Nothing is sent. */
  sign(charges: readonly Charge[], nonce: number): Promise<SignedExtrinsic>;
  /**
   * Hands the bytes to the node, any number of times.
   * @returns why the node refused them, or null. A refusal proves nothing (`stale` may mean that they are in already): ask for the fate.
   */
  submit(extrinsic: SignedExtrinsic): Promise<string | null>;
  /** The resolve rule: looks through the canonical blocks since its birth. */
  fate(extrinsic: SignedExtrinsic): Promise<Fate>;
  /** Whether this block is finalized, `depth` blocks deep and still canonical. */
  isFinal(block: BlockRef, depth: number): Promise<boolean>;
  /** The operator's nonce at the finalized head. */
  nonce(): Promise<number>;
  /** What each pot can pay now without going below the existential deposit. */
  available(pots: readonly number[]): Promise<bigint[]>;
  finalizedHead(): Promise<BlockRef>;
  close(): Promise<void>;
}
