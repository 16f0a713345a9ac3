import { sql } from 'kysely';
import type {
  ExportReports,
  Removal,
  RemovalProgress,
  Removals,
  StoredReceipt,
} from '../../services/pipeline/ports/removals.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Database } from './database.ts';
import { unnest } from './unnest.ts';

type Named = Owner & { readonly id: Uint8Array };

const REMOVAL = sql`
  id, app, wallet, issued_at AS "issuedAt", fence, root_versions AS "rootVersions", state, sent_at AS "sentAt", pending,
  (SELECT count(*)::int FROM removal_receipts p WHERE p.app = r.app AND p.wallet = r.wallet AND p.id = r.id) AS receipts`;

/** Erasures on their way, in PostgreSQL. */
export function createRemovals(db: Database): Removals {
  const { kysely } = db;
  const step = async (
    named: Named,
    from: Removal['state'],
    set: { state: 'fenced'; fence: number } | { state: 'sent'; sent_at: number },
  ) => {
    const { numUpdatedRows } = await kysely
      .updateTable('removals')
      .set(set)
      .where('app', '=', named.app)
      .where('wallet', '=', named.wallet)
      .where('id', '=', named.id)
      .where('state', '=', from)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  };

  return {
    async open(limit, after) {
      const behind = after ? sql`AND (app, wallet, id) > (${after.app}, ${after.wallet}, ${after.id})` : sql``;
      const { rows } = await sql<Removal>`
        SELECT ${REMOVAL} FROM removals r
        WHERE kind = 'erase' AND (state <> 'done' OR pending <> '{}')
        ${behind} ORDER BY app, wallet, id LIMIT ${limit}`.execute(kysely);
      return rows;
    },

    fence: (named, fence) => step(named, 'committed', { state: 'fenced', fence }),
    sent: (named, at) => step(named, 'fenced', { state: 'sent', sent_at: at }),
    progress: (removal, partition) => progressOf(db, removal, partition),

    async complete(removal, receipt, pending) {
      const { app, wallet, id, receipts } = removal;
      return kysely.transaction().execute(async (tx) => {
        const inserted = await tx
          .insertInto('removal_receipts')
          .values({ app, wallet, id, n: receipts + 1, receipt: JSON.stringify(receipt) })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        if (inserted.numInsertedOrUpdatedRows !== 1n) return false;
        await sql`UPDATE removals SET state = 'done', pending = ${[...pending]}::text[]
          WHERE app = ${app} AND wallet = ${wallet} AND id = ${id}`.execute(tx);
        return true;
      });
    },

    async find({ app, wallet, id }) {
      const { rows } = await sql<Removal>`
        SELECT ${REMOVAL} FROM removals r
        WHERE app = ${app} AND wallet = ${wallet} AND id = ${id} AND kind = 'erase'`.execute(kysely);
      const [removal] = rows;
      if (!removal) return null;
      const receipts = await kysely
        .selectFrom('removal_receipts')
        .select('receipt')
        .where('app', '=', app)
        .where('wallet', '=', wallet)
        .where('id', '=', id)
        .orderBy('n')
        .execute();
      return { removal, receipts: receipts.map((row) => row.receipt as StoredReceipt) };
    },
  };
}

async function progressOf({ kysely }: Database, removal: Removal, partition: number): Promise<RemovalProgress> {
  const { app, wallet, id, fence, rootVersions, issuedAt } = removal;
  const mark = (stage: string) =>
    sql`coalesce((SELECT mark FROM positions WHERE stage = ${stage} AND partition = ${partition}), -1) >= ${fence}::bigint - 1`;
  const { rows } = await sql<RemovalProgress>`
    SELECT ${mark('indexer')} AS indexer, ${mark('pinner')} AS pinner,
      NOT EXISTS (SELECT FROM batches b WHERE b.app = ${app} AND b.wallet = ${wallet}
        AND (b.origin < ${fence} OR b.root_version = ANY (${[...rootVersions]}::int[]) OR b.issued_at <= ${issuedAt}))
        AND NOT EXISTS (SELECT FROM voids v WHERE v.app = ${app} AND v.wallet = ${wallet}
        AND (v.origin < ${fence} OR v.root_version = ANY (${[...rootVersions]}::int[]))) AS swept,
      coalesce((SELECT jsonb_agg(jsonb_build_object('name', e.name, 'reported', EXISTS (
          SELECT FROM removal_reports p WHERE p.app = ${app} AND p.wallet = ${wallet} AND p.id = ${id} AND p.reporter = e.name)) ORDER BY e.name)
        FROM exports e WHERE e.app = ${app}), '[]') AS exports,
      (SELECT count(*)::int FROM key_accesses a WHERE a.app = ${app} AND a.wallet = ${wallet} AND a.reader LIKE 'wallet:%') AS "keysGiven",
      EXISTS (SELECT FROM user_roots u WHERE u.app = ${app} AND u.wallet = ${wallet} AND u.mode = 'client') AS "clientMode",
      coalesce((SELECT hash FROM requests q WHERE q.app = ${app} AND q.wallet = ${wallet} AND q.id = ${id}), '\\x'::bytea) AS "requestHash"`.execute(
    kysely,
  );
  return rows[0] as RemovalProgress;
}

/** The register of exports and their reports, in PostgreSQL. */
export function createExportReports({ kysely }: Database): ExportReports {
  return {
    async register(name, app) {
      await kysely
        .insertInto('exports')
        .values({ name, app })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ app }))
        .execute();
    },
    async report(name, removals) {
      if (removals.length === 0) return;
      await sql`
        INSERT INTO removal_reports (app, wallet, id, reporter)
        SELECT app, wallet, id, ${name} FROM ${unnest(removals, { app: 'bytea', wallet: 'bytea', id: 'bytea' })} AS w (app, wallet, id)
        ON CONFLICT DO NOTHING`.execute(kysely);
    },
  };
}
