import { type Clusters, DEFAULT_CLUSTER } from '../../services/pipeline/ports/clusters.ts';

/** Memory twin of `clusters.ts`. @param rows wallet in hex → cluster */
export function createMemoryClusters(rows = new Map<string, string>(), fallback = DEFAULT_CLUSTER): Clusters {
  const key = (wallet: Uint8Array) => Buffer.from(wallet).toString('hex');
  return {
    of: async (wallets) => wallets.map((wallet) => rows.get(key(wallet)) ?? fallback),
    associate: async (wallet, cluster) => {
      rows.set(key(wallet), cluster);
    },
  };
}
