import { sql } from 'kysely';
import type { SignedExtrinsic } from '../../services/pipeline/ports/chain.ts';
import type {
  Leaf,
  OutboxRow,
  Round,
  RoundKey,
  SettlementStore,
} from '../../services/pipeline/ports/settlement-store.ts';
import type { Database, Executor } from './database.ts';
import { casPosition } from './positions.ts';
import { createSettlementProofs } from './settlement-proofs.ts';
import { inclusionColumns, toBlock, toLeaf, toOutboxRow, toRound } from './settlement-rows.ts';
import { createSettlementStatus } from './settlement-status.ts';

const UNRESOLVED = ['signed', 'sent', 'included'] as const;
/** Postgres takes 65,535 parameters a statement; a leaf has nine. */
const LEAVES_PER_INSERT = 5_000;

/** Thrown inside a transaction to roll it back; never leaves this file. */
class NotWritten extends Error {}

/** Leaves, rounds and the outbox in PostgreSQL. @param log id of the log in whose offsets positions count */
export function createSettlementStore(db: Database, log: Uint8Array): SettlementStore {
  const { kysely } = db;

  /** A transaction that answers `otherwise` when it is given up. */
  async function attempt<T>(otherwise: T, work: (tx: Executor) => Promise<T>): Promise<T> {
    try {
      return await kysely.transaction().execute(work);
    } catch (error) {
      if (error instanceof NotWritten) return otherwise;
      throw error;
    }
  }

  async function outboxRow(states: readonly OutboxRow['state'][]): Promise<OutboxRow | null> {
    const row = await kysely
      .selectFrom('outbox')
      .selectAll()
      .where('state', 'in', states)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (!row) return null;
    const charges = await kysely
      .selectFrom('outbox_charges as c')
      .innerJoin('rounds as r', (join) => join.onRef('r.round', '=', 'c.round').onRef('r.app', '=', 'c.app'))
      .select(['c.round', 'c.app', 'r.alone'])
      .where('c.outbox', '=', row.id)
      .orderBy('c.item')
      .execute();
    return toOutboxRow(row, charges);
  }

  return {
    ...createSettlementStatus(db),
    ...createSettlementProofs(db),

    apply: (partition, from, to, leaves) =>
      attempt(false, async (tx) => {
        if (!(await casPosition(tx, 'settler', partition, log, from, to))) throw new NotWritten();
        for (let at = 0; at < leaves.length; at += LEAVES_PER_INSERT) {
          const rows = leaves.slice(at, at + LEAVES_PER_INSERT).map(({ batchId, fee, seenAt, ...leaf }) => ({
            ...leaf,
            batch_id: batchId,
            fee: fee.toString(),
            seen_at: seenAt,
          }));
          await tx
            .insertInto('leaves')
            .values(rows)
            .onConflict((conflict) => conflict.column('batch_id').doNothing())
            .execute();
        }
        return true;
      }),

    async uncut() {
      const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM leaves WHERE round IS NULL`.execute(kysely);
      return rows[0]?.n ?? 0;
    },

    cut: (limit, due, plan) =>
      kysely.transaction().execute(async (tx) => {
        await sql`LOCK TABLE rounds IN SHARE ROW EXCLUSIVE MODE`.execute(tx);
        const { rows: owed } = await sql<{ app: Uint8Array; fee: string; oldest: number }>`
          SELECT app, sum(fee) AS fee, min(seen_at) AS oldest FROM leaves WHERE round IS NULL GROUP BY app ORDER BY app`.execute(
          tx,
        );
        const apps = due(owed.map(({ app, fee, oldest }) => ({ app, fee: BigInt(fee), oldest })));
        if (apps.length === 0) return [];
        const last = await tx
          .selectFrom('rounds')
          .select(({ fn }) => fn.max('round').as('last'))
          .executeTakeFirst();
        const round = (last?.last ?? 0) + 1;
        const oldest = await tx
          .selectFrom('leaves')
          .selectAll()
          .where('round', 'is', null)
          .where(sql<boolean>`app = ANY(${apps.map((app) => Buffer.from(app))}::bytea[])`)
          .orderBy('seen_at')
          .orderBy('origin')
          .orderBy('partition')
          .limit(limit)
          .execute();
        const byApp = new Map<string, Leaf[]>();
        for (const row of oldest) {
          const name = Buffer.from(row.app).toString('hex');
          const found = byApp.get(name);
          if (found) found.push(toLeaf(row));
          else byApp.set(name, [toLeaf(row)]);
        }
        const made: Round[] = [];
        for (const [name, taken] of byApp) {
          const app = Buffer.from(name, 'hex');
          const { leaves, root, operations, bytes, fee } = plan(taken);
          const ids = leaves.map(({ batchId }) => Buffer.from(batchId));
          await sql`
            UPDATE leaves SET round = ${round}, leaf_index = t.n - 1
            FROM unnest(${ids}::bytea[]) WITH ORDINALITY AS t (id, n) WHERE batch_id = t.id`.execute(tx);
          const key = { round, app, root, leaves: leaves.length, operations, bytes };
          const state = { state: 'cut' as const, alone: false };
          await tx
            .insertInto('rounds')
            .values({ ...key, ...state, fee: fee.toString(), outbox: null, published: false })
            .execute();
          made.push({ ...key, ...state, fee });
        }
        return made;
      }),

    async rounds(state, limit) {
      const rows = await kysely
        .selectFrom('rounds')
        .selectAll()
        .where('state', '=', state)
        .orderBy('round')
        .orderBy('app')
        .limit(limit)
        .execute();
      return rows.map(toRound);
    },

    async unpaid(perApp) {
      const rows = await kysely
        .with('ranked', (with_) =>
          with_
            .selectFrom('rounds')
            .selectAll()
            .select(sql<number>`row_number() OVER (PARTITION BY app ORDER BY round)`.as('n'))
            .where('state', '=', 'unpaid'),
        )
        .selectFrom('ranked')
        .selectAll()
        .where('n', '<=', perApp)
        .orderBy('round')
        .orderBy('app')
        .execute();
      return rows.map(toRound);
    },

    async move(keys, from, to) {
      await kysely.transaction().execute(async (tx) => {
        for (const { round, app } of keys) {
          await tx
            .updateTable('rounds')
            .set({ state: to })
            .where('round', '=', round)
            .where('app', '=', app)
            .where('state', '=', from)
            .execute();
        }
      });
    },

    unresolved: () => outboxRow(UNRESOLVED),
    lastFinal: () => outboxRow(['final']),

    sign: (extrinsic, charges) =>
      attempt<OutboxRow | null>(null, async (tx) => {
        await sql`LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE`.execute(tx);
        if (!(await mayStand(tx, extrinsic))) throw new NotWritten();
        const { nonce, birth, death, bytes, hash } = extrinsic;
        const row = await tx
          .insertInto('outbox')
          .values({ nonce, birth, death, bytes, hash, ...inclusionColumns('signed', null) })
          .returningAll()
          .executeTakeFirstOrThrow();
        const held: OutboxRow['charges'][number][] = [];
        for (const [item, { round, app }] of charges.entries()) {
          const moved = await tx
            .updateTable('rounds')
            .set({ state: 'signed', outbox: row.id })
            .where('round', '=', round)
            .where('app', '=', app)
            .where('state', '=', 'cut')
            .returning('alone')
            .executeTakeFirst();
          if (!moved) throw new NotWritten();
          held.push({ round, app, alone: moved.alone });
          await tx.insertInto('outbox_charges').values({ outbox: row.id, item, round, app }).execute();
        }
        return toOutboxRow(row, held);
      }),

    step: (row, step) =>
      attempt(false, async (tx) => {
        const before = row.inclusion?.block.hash ?? null;
        const moved = await tx
          .updateTable('outbox')
          .set(inclusionColumns(step.state, step.inclusion))
          .where('id', '=', row.id)
          .where('state', '=', row.state)
          .where('block_hash', before === null ? 'is' : '=', before)
          .executeTakeFirst();
        if (moved.numUpdatedRows !== 1n) throw new NotWritten();
        const takesBack = row.state === 'final' && step.state !== 'final';
        for (const { round, app, state, alone } of step.rounds) {
          const free = state === 'cut' || state === 'unpaid';
          await tx
            .updateTable('rounds')
            .set({ state, alone, outbox: free ? null : row.id, ...(state === 'final' ? {} : { published: false }) })
            .where('round', '=', round)
            .where('app', '=', app)
            .where(({ eb, or, and }) => {
              const own = eb('outbox', '=', row.id);
              return takesBack ? or([own, and([eb('outbox', 'is', null), eb('state', 'in', ['cut', 'unpaid'])])]) : own;
            })
            .execute();
        }
        return true;
      }),

    async unpublished(limit) {
      const rows = await kysely
        .selectFrom('rounds as r')
        .innerJoin('outbox as o', 'o.id', 'r.outbox')
        .selectAll('r')
        .select(['o.block_number', 'o.block_hash', 'o.hash as extrinsic_hash'])
        .where('r.state', '=', 'final')
        .where('r.published', '=', false)
        .orderBy('r.round')
        .orderBy('r.app')
        .limit(limit)
        .execute();
      return rows.map(({ block_number, block_hash, extrinsic_hash, ...round }) => {
        const block = toBlock({ block_number, block_hash });
        if (block === null) throw new Error(`Round ${round.round} is final without a block.`);
        return { ...toRound(round), block, extrinsicHash: extrinsic_hash };
      });
    },

    async published(keys: readonly RoundKey[]) {
      for (const { round, app } of keys) {
        await kysely
          .updateTable('rounds')
          .set({ published: true })
          .where('round', '=', round)
          .where('app', '=', app)
          .where('state', '=', 'final')
          .execute();
      }
    },
  };
}

/** Nothing else is unresolved, and the nonce is beyond every one that was used. */
async function mayStand(tx: Executor, { nonce }: SignedExtrinsic): Promise<boolean> {
  const other = await tx
    .selectFrom('outbox')
    .select('id')
    .where(({ eb, or, and }) =>
      or([eb('state', 'in', UNRESOLVED), and([eb('state', '=', 'final'), eb('nonce', '>=', nonce)])]),
    )
    .limit(1)
    .executeTakeFirst();
  return other === undefined;
}
