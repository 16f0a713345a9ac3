import { RetriableError } from '../../pipeline/errors.ts';
import type { IpfsCluster } from '../../pipeline/ports/ipfs.ts';

export type BlobCluster = Pick<IpfsCluster, 'block' | 'put' | 'pin' | 'unpin'>;

/** @throws RetriableError `unknown_cluster`: this process was not given the cluster that keeps a wallet's data */
export function clusterOf(clusters: ReadonlyMap<string, BlobCluster>, name: string): BlobCluster {
  const cluster = clusters.get(name);
  if (cluster) return cluster;
  throw new RetriableError('unknown_cluster', `IPFS cluster ${name} is not known to this process`);
}
