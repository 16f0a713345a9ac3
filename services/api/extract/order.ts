import { equalBytes } from '../../../protocol/index.ts';
import type { BatchSelection, IndexStore } from '../../pipeline/ports/index-store.ts';
import type { Owner } from '../../pipeline/ports/vault.ts';
import type { Cursor, Cursors } from '../disclosures/cursor.ts';
import type { LiveBatch } from '../disclosures/disclosed-events.ts';
import { batchGroups } from './batch-groups.ts';

/** Batches that are looked into at once. */
export interface OrderedGroup<P> {
  readonly batches: readonly LiveBatch[];
  /** Where a stream is that is through with the group; absent: behind the last batch that it wrote of. */
  readonly behind?: (at: P | null) => P;
}

/** In which order a stream goes through batches, and how it says where it is. */
export interface Order<P> {
  /** Where it begins; null: before the first. */
  begin(): Promise<P | null>;
  /** null: there is no going on from there. */
  show(at: P): string | null;
  /** A group without batches is a moment in which there is nothing: who streams may tell the reader that it goes on. */
  groups(after: P | null): AsyncGenerator<OrderedGroup<P>>;
  /** First event of a batch that is still to come; its count when none is. */
  nextIn(batch: LiveBatch, at: P | null): number;
  /** Behind this event of the batch. */
  behind(at: P | null, batch: LiveBatch, index: number): P;
  /** When it ends, however much there is: milliseconds, monotonic. null: when there is no more. */
  readonly until: number | null;
  /** Everything of the selection comes, so that its end can be judged for completeness. */
  readonly tellsAll: boolean;
  /** Its place is told at once: whoever is cut off before anything happened goes on from there. */
  readonly tellsPlace: boolean;
  /** What is said before the end, whole lines. */
  last?(): readonly string[];
}

/** By time of the batch and its id, as far as there are any: an extraction. @param after as it was shown; null: from the first */
export function orderByTime(
  { index, cursors }: { readonly index: Pick<IndexStore, 'batches' | 'selected'>; readonly cursors: Cursors },
  owner: Owner,
  selection: BatchSelection,
  after: string | null,
): Order<Cursor> {
  return {
    until: null,
    tellsAll: true,
    tellsPlace: false,
    begin: async () => (after === null ? null : cursors.read(owner, after)),
    show: (at) => cursors.show(owner, at),
    async *groups(from) {
      for await (const batches of batchGroups(index, selection, from)) yield { batches };
    },
    nextIn(batch, at) {
      if (!at) return 0;
      if (equalBytes(at.batchId, batch.batchId)) return at.index + 1;
      // A group that is opened again begins with what was written already.
      const { timeMin, count } = batch.body.summary;
      const isBefore = timeMin < at.time || (timeMin === at.time && Buffer.compare(batch.batchId, at.batchId) < 0);
      return isBefore ? count : 0;
    },
    behind: (_, { batchId, body }, index) => ({ time: body.summary.timeMin, batchId, index }),
  };
}
