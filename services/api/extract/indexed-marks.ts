import type { Positions } from '../../pipeline/ports/positions.ts';

/**
 * Up to which origin each partition is indexed, asked once for all who wait: many followers cost the database no more than one.
 * @param elapsed milliseconds, monotonic
 */
export function createIndexedMarks(positions: Pick<Positions, 'load'>, elapsed: () => number) {
  const known = new Map<number, { readonly at: number; readonly mark: Promise<number> }>();
  /** @param freshMs how old an answer may be */
  return (partition: number, freshMs: number): Promise<number> => {
    const last = known.get(partition);
    if (last && elapsed() - last.at < freshMs) return last.mark;
    const mark = positions.load('indexer', partition).then((row) => row.mark);
    known.set(partition, { at: elapsed(), mark });
    // A failure is told to those who asked, and to nobody after them.
    mark.catch(() => known.delete(partition));
    return mark;
  };
}
