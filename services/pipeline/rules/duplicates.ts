import type { Rules } from './rules.ts';

export interface Claim {
  /** Offset in `received`. */
  readonly origin: number;
  /** Offset of the dead original that this one takes over. */
  readonly retryOf: number | null;
}

export interface Ownership {
  /** The origin that the batch id belongs to from now on. */
  readonly owner: number;
  readonly duplicate: boolean;
}

/**
 * `batch_ids(batch id) → origin`: the first origin owns the batch; a retry takes over exactly the dead one that it names.
 * Idempotent: the same claim gets the same answer again.
 * @param owner the origin stored so far, null when the id is new
 */
export function claimBatch(owner: number | null, claim: Claim, rules: Pick<Rules, 'duplicates'>): Ownership {
  if (owner === null || owner === claim.origin || owner === claim.retryOf || !rules.duplicates) {
    return { owner: claim.origin, duplicate: false };
  }
  return { owner, duplicate: true };
}
