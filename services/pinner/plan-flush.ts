import type { CID } from 'multiformats/cid';
import { carOf } from './car.ts';
import { manifestOf } from './manifest.ts';
import { packSegments } from './segment.ts';

/** One batch of a flush, encoded, with the cluster of its wallet. */
export interface ClusteredBatch {
  readonly cluster: string;
  readonly encoded: Uint8Array;
}

/** What one cluster gets of a flush: one CAR, one pin. */
export interface ClusterPlan {
  readonly cluster: string;
  /** The manifest, root of the CAR and what is pinned. */
  readonly root: CID;
  readonly car: Uint8Array;
}

export interface Place {
  readonly segment: CID;
  readonly slot: number;
}

export interface FlushPlan {
  readonly clusters: readonly ClusterPlan[];
  /** Of each batch, in the order given. */
  readonly places: readonly Place[];
}

/** Decides segments, slots and CIDs of everything buffered, without asking any node. */
export function planFlush(batches: readonly ClusteredBatch[]): FlushPlan {
  const members = new Map<string, number[]>();
  batches.forEach(({ cluster }, i) => {
    const indexes = members.get(cluster);
    if (indexes) indexes.push(i);
    else members.set(cluster, [i]);
  });
  const places: Place[] = new Array(batches.length);
  const clusters: ClusterPlan[] = [];
  for (const [cluster, indexes] of members) {
    const segments = packSegments(indexes.map((i) => (batches[i] as ClusteredBatch).encoded));
    for (const { cid, first, count } of segments) {
      for (let slot = 0; slot < count; slot++) places[indexes[first + slot] as number] = { segment: cid, slot };
    }
    const manifest = manifestOf(segments.map(({ cid }) => cid));
    const blocks = segments.map(({ cid, block }) => ({ cid, bytes: block }));
    const car = carOf(manifest.cid, [{ cid: manifest.cid, bytes: manifest.block }, ...blocks]);
    clusters.push({ cluster, root: manifest.cid, car });
  }
  return { clusters, places };
}
