import type { Position } from '../ports/positions.ts';

/** Upstream's mark, and then, read after it, the end of the input. In this order: what the mark covers lies below the end. */
export interface Sample {
  readonly mark: number;
  readonly end: number;
}

export type CheckVerdict = 'wait' | 'fine' | 'behind';

/** Whether everything that upstream believes to have written has arrived, once all below the sampled end is judged. */
export function checkVerdict(sample: Sample, judged: Position): CheckVerdict {
  if (judged.next < sample.end) return 'wait';
  return judged.mark < sample.mark ? 'behind' : 'fine';
}
