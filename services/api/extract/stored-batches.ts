import { type FatalError, RetriableError } from '../../pipeline/errors.ts';
import { SegmentReader, type SegmentSource, type StoredBatch } from '../../pipeline/segment-reader.ts';
import type { LiveBatch } from '../disclosures/disclosed-events.ts';
import { isUnreadableForGood } from '../disclosures/unreadable.ts';
import { GROUP_SEGMENTS } from './batch-groups.ts';

/** The segments of one stream: those of the group at hand, and of the one that comes next. */
export function createStoredBatches(clusters: ReadonlyMap<string, SegmentSource>) {
  const readers = new Map([...clusters].map(([name, ipfs]) => [name, new SegmentReader(ipfs, 2 * GROUP_SEGMENTS)]));
  const readerOf = (cluster: string) => {
    const reader = readers.get(cluster);
    if (!reader)
      throw new RetriableError('unknown_cluster', `this API was given no node of the IPFS cluster ${cluster}`);
    return reader;
  };
  return {
    /** What is stored of each batch, in order, or why that will never be known. @throws RetriableError when a node is away */
    of: (batches: readonly LiveBatch[]): Promise<(StoredBatch | FatalError)[]> =>
      Promise.all(
        batches.map(async ({ body }) =>
          readerOf(body.cluster)
            .batch(body)
            .catch((error: unknown) => {
              if (isUnreadableForGood(error)) return error;
              throw error;
            }),
        ),
      ),
  };
}

export type StoredBatches = ReturnType<typeof createStoredBatches>;
