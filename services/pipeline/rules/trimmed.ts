import type { Position } from '../ports/positions.ts';

/** What retention has left: the first offset that is still there. */
export interface Kept {
  /** Of the stage's input. */
  readonly input: number;
  /** Of `received`. */
  readonly received: number;
}

export type PastTrimmed =
  /** The row stands in what is kept. */
  | { readonly kind: 'fine' }
  | { readonly kind: 'move'; readonly to: Position }
  /** Going on would lose accepted batches: the originals from `mark` + 1 on are gone from `received` as well. */
  | { readonly kind: 'lost' };

/**
 * Where a reader of `encrypted` or `pinned` may go on whose place retention has passed: at the first record kept, with the mark as it
 * is. What stood between is then a gap, and gap, check and repair make upstream emit it again out of `received`, so they must all be
 * there. Never for the encryptor: what it has not read of `received` exists nowhere else.
 */
export function pastTrimmed(row: Position, kept: Kept): PastTrimmed {
  if (row.next >= kept.input) return { kind: 'fine' };
  if (row.mark + 1 < kept.received) return { kind: 'lost' };
  return { kind: 'move', to: { next: kept.input, mark: row.mark } };
}
