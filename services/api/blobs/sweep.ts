import { CID } from 'multiformats/cid';
import type { Blobs } from '../../pipeline/ports/blobs.ts';
import type { RemovedEvents } from '../../pipeline/ports/removed-events.ts';
import { type BlobCluster, clusterOf } from './clusters.ts';
import { createBlobRounds, createRemovedBlobs } from './removed.ts';

const PAGE = 100;

export interface BlobSweeperEdges {
  readonly blobs: Pick<Blobs, 'expire' | 'doomed' | 'unpinned' | 'references' | 'named' | 'remove'>;
  readonly removedEvents: Pick<RemovedEvents, 'of'>;
  readonly clusters: ReadonlyMap<string, BlobCluster>;
  readonly now: () => number;
  onUnpinned(count: number): void;
}

/**
 * One look: gives up what nobody named in time, what only removed events name, and uploads that died, and unpins what was given up. A row is given up before it is
 * unpinned and forgotten after, so another process, or this one later, goes on where one stopped.
 */
export function sweepBlobs({ blobs, removedEvents, clusters, now, onUnpinned }: BlobSweeperEdges) {
  const round = createBlobRounds(blobs, createRemovedBlobs({ blobs, removedEvents }));
  return async (signal: AbortSignal): Promise<void> => {
    await blobs.expire(now());
    await round(signal);
    for (;;) {
      const doomed = await blobs.doomed(PAGE);
      for (const { cluster, cid } of doomed) {
        if (signal.aborted) return;
        await clusterOf(clusters, cluster).unpin(CID.parse(cid));
      }
      if (doomed.length === 0) return;
      await blobs.unpinned(doomed.map(({ id }) => id));
      onUnpinned(doomed.length);
    }
  };
}
