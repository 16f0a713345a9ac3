import type { Position } from '../ports/positions.ts';

/** Where a replay reads next in a partition. */
export type NextSource =
  /** Kafka, from this place on. */
  | { readonly kind: 'log'; readonly from: Position }
  /** The index and IPFS, up to this origin. */
  | { readonly kind: 'index'; readonly upTo: number }
  /** Neither holds it: Kafka has let go of what the indexer has not read. */
  | { readonly kind: 'nowhere' };

/**
 * Kafka while it retains what is next, the index before that. Origins may come again in `pinned` after a repair, and only a pair (offset,
 * mark) that a reader really had says which of them counts. So the log is entered only at such a pair whose mark is exactly what is behind
 * the replay: nothing is missing there, and nothing comes twice. Until the first of them that Kafka still holds, the index is read.
 * @param at where the target stands; its `next` is 0 as long as nothing was read from Kafka
 * @param firstKept first offset of `pinned` that is retained
 * @param pairs checkpoints of the indexer, and its row
 */
export function nextSource(at: Position, firstKept: number, pairs: readonly Position[]): NextSource {
  const isOwn = at.next > 0 || at.mark < 0;
  const kept = [{ next: 0, mark: -1 }, ...pairs, ...(isOwn ? [at] : [])].filter(({ next }) => next >= firstKept);
  const here = kept.filter(({ mark }) => mark === at.mark);
  if (here.length > 0) return { kind: 'log', from: { next: Math.max(...here.map(({ next }) => next)), mark: at.mark } };
  const ahead = kept.map(({ mark }) => mark).filter((mark) => mark > at.mark);
  if (ahead.length > 0) return { kind: 'index', upTo: Math.min(...ahead) };
  const indexed = Math.max(-1, ...pairs.map(({ mark }) => mark));
  return indexed > at.mark ? { kind: 'index', upTo: indexed } : { kind: 'nowhere' };
}
