import { type Clusters, DEFAULT_CLUSTER } from '../../services/pipeline/ports/clusters.ts';

/** Memory twin of `clusters.ts`. */
export function createMemoryClusters(fallback = DEFAULT_CLUSTER): Clusters {
  const rows = new Map<string, string>();
  const key = (wallet: Uint8Array) => Buffer.from(wallet).toString('hex');
  return {
    of: async (wallets) => wallets.map((wallet) => rows.get(key(wallet)) ?? fallback),
    associate: async (wallet, cluster) => {
      rows.set(key(wallet), cluster);
    },
  };
}
