import { sql } from 'kysely';
import {
  type BatchPlace,
  type BatchSelection,
  MOST_SCANNED,
  type SelectedPage,
} from '../../services/pipeline/ports/index-store.ts';
import type { Database } from './database.ts';
import { batchOf } from './index-entry-rows.ts';

/** See `IndexStore.selected`. */
export async function selectedBatches(
  { kysely }: Database,
  { app, wallet, from, to, types, id }: BatchSelection,
  { after, limit, scan = MOST_SCANNED }: { after?: BatchPlace | null; limit: number; scan?: number },
): Promise<SelectedPage> {
  // What the index of the order holds itself.
  let rows = kysely.selectFrom('batches').where('app', '=', app).orderBy('time_min').orderBy('batch_id');
  if (wallet) rows = rows.where('wallet', '=', wallet);
  if (from !== undefined) rows = rows.where('time_max', '>=', from);
  if (to !== undefined) rows = rows.where('time_min', '<', to);
  if (after) rows = rows.where(sql<boolean>`(time_min, batch_id) > (${after.time}::bigint, ${after.batchId}::bytea)`);

  // Types and ids are in the rows, which are read one by one until a page is full: no further than to here.
  const isNarrow = types !== undefined || id !== undefined;
  const end = isNarrow
    ? await rows
        .select(['time_min as time', 'batch_id as batchId'])
        .offset(scan - 1)
        .limit(1)
        .executeTakeFirst()
    : undefined;
  let wanted = rows.selectAll();
  if (end) wanted = wanted.where(sql<boolean>`(time_min, batch_id) <= (${end.time}::bigint, ${end.batchId}::bytea)`);
  if (types) wanted = wanted.where(sql<boolean>`types && ${[...types]}::text[]`);
  if (id !== undefined) wanted = wanted.where('id_min', '<=', id).where('id_max', '>=', id);
  const found = await wanted.limit(limit).execute();
  const last = found.length === limit ? found.at(-1) : undefined;
  const next = last ? { time: last.time_min, batchId: last.batch_id } : (end ?? null);
  return { batches: found.map(batchOf), next };
}
