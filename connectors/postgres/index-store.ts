import { sql } from 'kysely';
import type { Clash, ClashAlarm, IndexEntry, IndexStore } from '../../services/pipeline/ports/index-store.ts';
import { isErased } from '../../services/pipeline/rules/erasure.ts';
import type { Database } from './database.ts';
import {
  insertBatches,
  insertCheckpoint,
  insertSubjects,
  insertVoids,
  markConflicts,
  removeBatches,
} from './index-apply.ts';
import { batchOf, isLive, type LiveEntry, voidOf } from './index-entry-rows.ts';
import { countedInOrder, inOrder } from './index-in-order.ts';
import { selectedBatches } from './index-selected.ts';
import { sequencesOf } from './index-sequences.ts';
import { sweepErased } from './index-sweep.ts';
import { written } from './index-written.ts';
import type { VoidsTable } from './migrations/020-index.ts';
import { casPosition } from './positions.ts';
import { erasuresOf, ownerKey } from './removals.ts';

class Moved extends Error {}

/** Those for which it holds, and the others. */
function split<T>(items: readonly T[], holds: (item: T) => boolean): [T[], T[]] {
  const parts: [T[], T[]] = [[], []];
  for (const item of items) parts[holds(item) ? 0 : 1].push(item);
  return parts;
}

const keyOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** The index in PostgreSQL. Each `apply` is one transaction with a constant number of statements, however many entries it has. */
export function createIndexStore(db: Database, log: Uint8Array, onClash: ClashAlarm): IndexStore {
  const { kysely } = db;

  return {
    async apply(partition, from, to, entries) {
      const clashes: Clash[] = [];
      try {
        await kysely.transaction().execute(async (tx) => {
          if (!(await casPosition(tx, 'indexer', partition, log, from, to))) throw new Moved();
          const wallets = [...new Map(entries.map(({ wallet }) => [keyOf(wallet), wallet])).values()];
          const erasures = await erasuresOf(tx, wallets);
          const live: LiveEntry[] = [];
          const voids: { entry: IndexEntry; reason: VoidsTable['reason'] }[] = [];
          for (const entry of entries) {
            const issuedAt = entry.body?.summary.issuedAt ?? null;
            if (isErased({ ...entry, issuedAt }, erasures.get(ownerKey(entry)) ?? []))
              voids.push({ entry, reason: 'erased' });
            else if (isLive(entry)) live.push(entry);
            else voids.push({ entry, reason: entry.reason ?? 'dead' });
          }
          const fresh = new Set((await insertBatches(tx, partition, live)).map(keyOf));
          const [inserted, again] = split(live, (entry) => fresh.delete(keyOf(entry.batchId)));
          const others = await insertSubjects(tx, inserted);
          const [strange, kept] = split(inserted, (entry) => others.has(entry.origin));
          await removeBatches(tx, strange);
          const clash = (what: Clash['what'], reason: VoidsTable['reason']) => (entry: LiveEntry) => {
            clashes.push({ what, partition, origin: entry.origin, batchId: entry.batchId });
            voids.push({ entry, reason });
          };
          again.forEach(clash('batch_id', 'duplicate'));
          strange.forEach(clash('subject', 'dead'));
          await markConflicts(
            tx,
            kept.map((entry) => entry.batchId),
          );
          await insertVoids(tx, partition, voids);
          await insertCheckpoint(tx, partition, to);
        });
      } catch (error) {
        if (error instanceof Moved) return false;
        throw error;
      }
      for (const clash of clashes) onClash(clash);
      return true;
    },

    sweep: (page) => sweepErased(db, page),

    async batches(batchIds) {
      if (batchIds.length === 0) return [];
      const live = await kysely
        .selectFrom('batches')
        .selectAll()
        .where('batch_id', 'in', [...batchIds])
        .execute();
      const dead = await kysely
        .selectFrom('voids')
        .selectAll()
        .where('batch_id', 'in', [...batchIds])
        .where('reason', '<>', 'duplicate')
        .orderBy('origin')
        .execute();
      const found = new Map([
        ...dead.map((row) => [keyOf(row.batch_id), voidOf(row)] as const),
        ...live.map((row) => [keyOf(row.batch_id), batchOf(row)] as const),
      ]);
      return batchIds.map((id) => found.get(keyOf(id)) ?? null);
    },

    async ofWallet(app, wallet, { after, limit }) {
      let query = kysely.selectFrom('batches').selectAll().where('app', '=', app).where('wallet', '=', wallet);
      if (after)
        query = query.where(sql<boolean>`(time_min, batch_id) > (${after.time}::bigint, ${after.batchId}::bytea)`);
      const rows = await query.orderBy('time_min').orderBy('batch_id').limit(limit).execute();
      return rows.map(batchOf);
    },

    written: (of, page) => written(kysely, of, page),
    selected: (selection, page) => selectedBatches(db, selection, page),
    inOrder: (selection, range, page) => inOrder(db, selection, range, page),
    counted: (selection, range) => countedInOrder(db, selection, range),

    sequences: (app, wanted, marks) => sequencesOf(db, app, wanted, marks),

    async withEvent({ app, wallet }, eventId, { batchId, limit }) {
      let query = kysely
        .selectFrom('batches')
        .selectAll()
        .where('app', '=', app)
        .where('wallet', '=', wallet)
        .where('id_min', '<=', eventId)
        .where('id_max', '>=', eventId);
      if (batchId) query = query.where('batch_id', '=', batchId);
      const rows = await query.orderBy('time_min').orderBy('batch_id').limit(limit).execute();
      return rows.map(batchOf);
    },

    async subjects(app, wallet) {
      const rows = await kysely
        .selectFrom('subjects')
        .selectAll()
        .where('app', '=', app)
        .where('wallet', '=', wallet)
        .orderBy('root_version')
        .execute();
      return rows.map((row) => ({ rootVersion: row.root_version, subject: row.subject, fromOrigin: row.from_origin }));
    },

    async checkpoints(partition) {
      const rows = await kysely
        .selectFrom('checkpoints')
        .select(['offset', 'mark'])
        .where('partition', '=', partition)
        .orderBy('offset')
        .execute();
      return rows.map(({ offset, mark }) => ({ next: offset, mark }));
    },
  };
}
