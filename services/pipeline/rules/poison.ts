import type { Position } from '../ports/positions.ts';

/** At this many crashes at one place the partition pauses. */
export const CRASHES_TO_PAUSE = 3;

/**
 * The name of the place where a lane stands, for `crashes` and `park`: the origin of the record that it accepts next. Not the row's
 * `next`: a repair lowers the pinner's mark and leaves its `next`, and then another record is the first to be accepted from there.
 */
export const poisonPlace = (row: Position): number => row.mark + 1;

export type Care =
  /** No crash at this place. */
  | 'run'
  /** One record a flush, so that the next crash is counted at the very record. */
  | 'careful'
  /** Stop reading this partition; only an operator's `ddc dlq park` goes on. */
  | 'pause'
  /** The first record accepted from here becomes `void dead`. */
  | 'void';

/** How to go on at a place where the process crashed `n` times. Never voids by itself. */
export function care(n: number, parked: boolean): Care {
  if (parked) return 'void';
  if (n >= CRASHES_TO_PAUSE) return 'pause';
  return n > 0 ? 'careful' : 'run';
}
