import { sql } from 'kysely';
import {
  MOST_SCANNED,
  type OrderedPage,
  type OrderedSelection,
  type OriginRange,
} from '../../services/pipeline/ports/index-store.ts';
import type { Database } from './database.ts';
import { batchOf } from './index-entry-rows.ts';

const rowsOf = ({ kysely }: Database, { app, partition }: OrderedSelection, { after, upTo }: OriginRange) =>
  kysely
    .selectFrom('batches')
    .where('app', '=', app)
    .where('partition', '=', partition)
    .where('origin', '>', after)
    .where('origin', '<=', upTo);

function narrowed(rows: ReturnType<typeof rowsOf>, { wallet, from, to, types }: OrderedSelection) {
  let wanted = rows;
  if (wallet) wanted = wanted.where('wallet', '=', wallet);
  if (from !== undefined) wanted = wanted.where('time_max', '>=', from);
  if (to !== undefined) wanted = wanted.where('time_min', '<', to);
  if (types) wanted = wanted.where(sql<boolean>`types && ${[...types]}::text[]`);
  return wanted;
}

const isNarrow = ({ wallet, from, to, types }: OrderedSelection) =>
  wallet !== null || from !== undefined || to !== undefined || types !== undefined;

/** See `IndexStore.inOrder`. */
export async function inOrder(
  db: Database,
  selection: OrderedSelection,
  range: OriginRange,
  { limit, scan = MOST_SCANNED }: { limit: number; scan?: number },
): Promise<OrderedPage> {
  // What narrows is in the rows, which are read one by one until a page is full: no further than to here.
  const end = isNarrow(selection)
    ? await rowsOf(db, selection, range)
        .select('origin')
        .orderBy('origin')
        .offset(scan - 1)
        .limit(1)
        .executeTakeFirst()
    : undefined;
  const upTo = end?.origin ?? range.upTo;
  const found = await narrowed(rowsOf(db, selection, { ...range, upTo }), selection)
    .selectAll()
    .orderBy('origin')
    .limit(limit)
    .execute();
  const last = found.length === limit ? found.at(-1)?.origin : undefined;
  return { batches: found.map(batchOf), reached: last ?? upTo };
}

/** See `IndexStore.counted`. */
export async function countedInOrder(
  db: Database,
  selection: OrderedSelection,
  range: OriginRange,
): Promise<{ batches: number; events: number }> {
  const { batches, events } = await narrowed(rowsOf(db, selection, range), selection)
    .select([sql<number>`count(*)`.as('batches'), sql<number>`coalesce(sum(count), 0)::bigint`.as('events')])
    .executeTakeFirstOrThrow();
  return { batches, events };
}
