import { sql } from 'kysely';
import type { BatchSelection, IndexedBatch } from '../../services/pipeline/ports/index-store.ts';
import type { Database } from './database.ts';
import { batchOf } from './index-entry-rows.ts';

/** See `IndexStore.selected`. */
export async function selectedBatches(
  { kysely }: Database,
  { app, wallet, from, to, types, id }: BatchSelection,
  { after, limit }: { after?: { time: number; batchId: Uint8Array } | null; limit: number },
): Promise<IndexedBatch[]> {
  let query = kysely.selectFrom('batches').selectAll().where('app', '=', app);
  if (wallet) query = query.where('wallet', '=', wallet);
  if (from !== undefined) query = query.where('time_max', '>=', from);
  if (to !== undefined) query = query.where('time_min', '<', to);
  if (types) query = query.where(sql<boolean>`types && ${[...types]}::text[]`);
  if (id !== undefined) query = query.where('id_min', '<=', id).where('id_max', '>=', id);
  if (after) query = query.where(sql<boolean>`(time_min, batch_id) > (${after.time}::bigint, ${after.batchId}::bytea)`);
  const rows = await query.orderBy('time_min').orderBy('batch_id').limit(limit).execute();
  return rows.map(batchOf);
}
