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

/** What happened to signed bytes that were sent. */
export type Fate =
  | {
      readonly kind: 'included';
      readonly block: BlockRef;
      readonly index: number;
      readonly error: { readonly name: string; readonly call: number | null } | null;
    }
  | { readonly kind: 'pending' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'usurped' };

export interface Chain {
  /** Signs charges and remarks in one extrinsic with the given nonce; era born at a block already 2 deep. Nothing is sent. */
  sign(charges: readonly Charge[], nonce: number): Promise<SignedExtrinsic>;
  /** Hands the bytes to the node. Resolves also when it already knows them; @throws RetriableError when unreachable. */
  submit(extrinsic: SignedExtrinsic): Promise<void>;
  /** The resolve rule: where the extrinsic is, from the blocks since its birth. */
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
