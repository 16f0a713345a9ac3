import { toHex } from '../../../protocol/index.ts';
import { RetriableError } from '../../pipeline/errors.ts';
import { SegmentReader, type SegmentSource, type StoredBatch } from '../../pipeline/segment-reader.ts';
import type { LiveBatch } from './disclosed-events.ts';

/** What one small request may cost the IPFS node: so many segments of 1 MiB. */
const MOST_SEGMENTS = 8;
/** Segments in memory at once: batches that follow one another are mostly in one. */
const KEPT = 2;

type Place = LiveBatch['body'];

/** The segments that one page reads. */
export function createPageSegments(clusters: ReadonlyMap<string, SegmentSource>) {
  const readers = new Map([...clusters].map(([name, cluster]) => [name, new SegmentReader(cluster, KEPT)]));
  const asked = new Set<string>();
  const nameOf = ({ cluster, segment }: Place) => `${cluster}/${toHex(segment)}`;
  return {
    /** Whether the page may still ask for the segment of this batch. */
    mayRead: (place: Place): boolean => asked.size < MOST_SEGMENTS || asked.has(nameOf(place)),

    async batch(place: Place): Promise<StoredBatch> {
      const reader = readers.get(place.cluster);
      if (!reader)
        throw new RetriableError('unknown_cluster', `this API was given no node of the IPFS cluster ${place.cluster}`);
      asked.add(nameOf(place));
      return reader.batch(place);
    },
  };
}
