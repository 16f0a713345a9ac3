import { sql } from 'kysely';
import { type Clusters, DEFAULT_CLUSTER } from '../../services/pipeline/ports/clusters.ts';
import type { Database, Executor } from './database.ts';

/** `clusters` in PostgreSQL. */
export function createClusters(db: Database, fallback = DEFAULT_CLUSTER): Clusters {
  return {
    async of(wallets) {
      if (wallets.length === 0) return [];
      const { rows } = await sql<{ cluster: string | null }>`
        SELECT c.cluster FROM unnest(${wallets.map((wallet) => Buffer.from(wallet))}::bytea[]) WITH ORDINALITY AS w (wallet, at)
        LEFT JOIN clusters c USING (wallet) ORDER BY w.at`.execute(db.kysely);
      return rows.map((row) => row.cluster ?? fallback);
    },

    associate: (wallet, cluster) => setCluster(db.kysely, wallet, cluster),
  };
}

export async function setCluster(on: Executor, wallet: Uint8Array, cluster: string): Promise<void> {
  await on
    .insertInto('clusters')
    .values({ wallet, cluster })
    .onConflict((conflict) => conflict.column('wallet').doUpdateSet({ cluster }))
    .execute();
}
