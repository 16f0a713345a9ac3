import { FatalError } from '../../pipeline/errors.ts';
import type { IndexedBatch } from '../../pipeline/ports/index-store.ts';
import { SegmentReader, type SegmentSource } from '../../pipeline/segment-reader.ts';
import type { PinnedRecord } from '../live-batch.ts';

/** Segments of 1 MiB that are remembered: neighbours in origin order mostly share one. */
const KEPT = 8;

/**
 * Records of `pinned` as they were, put together from the index and the segments in IPFS: the index knows everything of a batch but its
 * envelopes.
 */
export function createStoredRecords(clusters: ReadonlyMap<string, SegmentSource>) {
  const readers = new Map([...clusters].map(([name, ipfs]) => [name, new SegmentReader(ipfs, KEPT)]));
  return {
    /**
     * @throws RetriableError while a node is away; FatalError `unknown_cluster`, or `batch_not_stored` where a node gives something else than
     *   the index names
     */
    of: (batches: readonly IndexedBatch[]): Promise<PinnedRecord[]> =>
      Promise.all(
        batches.map(async ({ origin, partition: _, conflict: __, body, ...head }) => {
          if (!body) return { origin, value: { ...head, body: null } };
          const reader = readers.get(body.cluster);
          if (!reader)
            throw new FatalError(
              'unknown_cluster',
              `There is no node of the IPFS cluster ${body.cluster}: set IPFS_API.`,
            );
          const { meta, events } = await reader.batch(body);
          return { origin, value: { ...head, body: { ...body, meta, events: [...events] } } };
        }),
      ),
  };
}

export type StoredRecords = ReturnType<typeof createStoredRecords>;
