import type { Rules } from './rules.ts';

export type Verdict = 'skip' | 'accept' | 'gap';

/**
 * The read rule. A record at or below the mark was judged before; the one after the mark is next; anything beyond means that
 * records are missing in between: it is discarded, and comes again once upstream is repaired.
 */
export function readVerdict(origin: number, mark: number, rules: Pick<Rules, 'read'>): Verdict {
  if (!rules.read) return 'accept';
  if (origin <= mark) return 'skip';
  return origin === mark + 1 ? 'accept' : 'gap';
}
