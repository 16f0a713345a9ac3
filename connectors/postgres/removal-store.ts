import { type RawBuilder, sql } from 'kysely';
import type {
  ErasureOnItsWay,
  ExportReports,
  ListedRemoval,
  NamedRemove,
  OrderState,
  Removal,
  RemovalProgress,
  Removals,
  StoredReceipt,
} from '../../services/pipeline/ports/removals.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Selector } from '../../services/pipeline/rules/removal.ts';
import type { Database } from './database.ts';
import { unnest } from './unnest.ts';

type Named = Owner & { readonly id: Uint8Array };

interface Row extends Omit<ErasureOnItsWay, 'kind'> {
  readonly kind: Removal['kind'];
  readonly selector: Selector | null;
}

function removalOf({ kind, selector, fence, rootVersions, ...row }: Row): Removal {
  if (kind === 'erase') return { ...row, kind, fence, rootVersions };
  if (!selector) throw new Error('a removal of single events selects nothing');
  return { ...row, kind, selector };
}

const REMOVAL = sql`
  id, app, wallet, kind, selector, issued_at AS "issuedAt", fence, root_versions AS "rootVersions", state, sent_at AS "sentAt", pending,
  (SELECT count(*)::int FROM removal_receipts p WHERE p.app = r.app AND p.wallet = r.wallet AND p.id = r.id) AS receipts`;

/** Removals on their way, in PostgreSQL. */
export function createRemovals(db: Database): Removals {
  const { kysely } = db;
  const step = async (
    named: Named,
    from: RawBuilder<boolean>,
    set: { state: 'fenced'; fence: number } | { state: 'sent'; sent_at: number },
  ) => {
    const { numUpdatedRows } = await kysely
      .updateTable('removals')
      .set(set)
      .where('app', '=', named.app)
      .where('wallet', '=', named.wallet)
      .where('id', '=', named.id)
      .where(from)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  };

  return {
    async open(kind, limit, after) {
      const behind = after ? sql`AND (app, wallet, id) > (${after.app}, ${after.wallet}, ${after.id})` : sql``;
      const { rows } = await sql<Row>`
        SELECT ${REMOVAL} FROM removals r
        WHERE kind = ${kind} AND (state <> 'done' OR pending <> '{}')
        ${behind} ORDER BY app, wallet, id LIMIT ${limit}`.execute(kysely);
      return rows.map(removalOf);
    },

    fence: (named, fence) => step(named, sql`kind = 'erase' AND state = 'committed'`, { state: 'fenced', fence }),
    sent: (named, at) =>
      step(named, sql`state = CASE kind WHEN 'erase' THEN 'fenced' ELSE 'committed' END`, {
        state: 'sent',
        sent_at: at,
      }),
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
      const { rows } = await sql<Row>`
        SELECT ${REMOVAL} FROM removals r
        WHERE app = ${app} AND wallet = ${wallet} AND id = ${id}`.execute(kysely);
      const [row] = rows;
      if (!row) return null;
      const receipts = await kysely
        .selectFrom('removal_receipts')
        .select('receipt')
        .where('app', '=', app)
        .where('wallet', '=', wallet)
        .where('id', '=', id)
        .orderBy('n')
        .execute();
      return { removal: removalOf(row), receipts: receipts.map((one) => one.receipt as StoredReceipt) };
    },

    async list({ app, wallet }, { after, limit }) {
      const behind = after ? sql`AND (issued_at, id) < (${after.issuedAt}::bigint, ${after.id}::bytea)` : sql``;
      const { rows } = await sql<ListedRemoval>`
        SELECT id, issued_at AS "issuedAt", state, pending,
          (SELECT count(*)::int FROM removal_receipts p WHERE p.app = r.app AND p.wallet = r.wallet AND p.id = r.id) AS receipts,
          CASE WHEN selector ? 'events' THEN jsonb_build_object('events', jsonb_array_length(selector->'events'))
            WHEN selector ? 'session' THEN '{"session": true}' ELSE selector END AS selects
        FROM removals r WHERE app = ${app} AND wallet = ${wallet}
        ${behind} ORDER BY issued_at DESC, id DESC LIMIT ${limit}`.execute(kysely);
      return rows;
    },
  };
}

/** Of no interest to who asks: removals of single events wait for no room. */
const NOTHING_ERASED = { fence: 0, rootVersions: [] };

/** A replay that is over is waited for no more, also where its process registered it after that and died: nobody keeps track of its target. */
async function progressOf({ kysely }: Database, removal: Removal, partition: number): Promise<RemovalProgress> {
  const { app, wallet, id, issuedAt } = removal;
  const { fence, rootVersions } = removal.kind === 'erase' ? removal : NOTHING_ERASED;
  const mark = (stage: string) =>
    sql`coalesce((SELECT mark FROM positions WHERE stage = ${stage} AND partition = ${partition}), -1) >= ${fence}::bigint - 1`;
  const { rows } = await sql<RemovalProgress>`
    SELECT ${mark('indexer')} AS indexer, ${mark('pinner')} AS pinner,
      NOT EXISTS (SELECT FROM batches b WHERE b.app = ${app} AND b.wallet = ${wallet}
        AND (b.origin < ${fence} OR b.root_version = ANY (${[...rootVersions]}::int[]) OR b.issued_at <= ${issuedAt}))
        AND NOT EXISTS (SELECT FROM voids v WHERE v.app = ${app} AND v.wallet = ${wallet}
        AND (v.origin < ${fence} OR v.root_version = ANY (${[...rootVersions]}::int[]))) AS swept,
      coalesce((SELECT jsonb_agg(jsonb_build_object(
          'name', e.name, 'reported', p.id IS NOT NULL, 'rows', coalesce(p.rows, 0)) ORDER BY e.name)
        FROM (
          SELECT name FROM exports e WHERE app = ${app} AND NOT EXISTS (
            SELECT FROM replays j WHERE j.id = substring(e.name FROM '^replay-(.+)$') AND j.job->>'state' IN ('done', 'cancelled'))
          UNION SELECT name FROM declared_exports WHERE app = ${app} AND state <> 'ending'
        ) e LEFT JOIN removal_reports p
          ON p.app = ${app} AND p.wallet = ${wallet} AND p.id = ${id} AND p.reporter = e.name), '[]') AS exports,
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
    async forget(name) {
      await kysely.deleteFrom('exports').where('name', '=', name).execute();
    },
    async report(name, removals) {
      if (removals.length === 0) return;
      await sql`
        INSERT INTO removal_reports (app, wallet, id, rows, reporter)
        SELECT app, wallet, id, rows, ${name} FROM ${unnest(removals, {
          app: 'bytea',
          wallet: 'bytea',
          id: 'bytea',
          rows: 'bigint',
        })} AS w (app, wallet, id, rows)
        ON CONFLICT (app, wallet, id, reporter) DO UPDATE SET rows = excluded.rows WHERE removal_reports.rows < excluded.rows`.execute(
        kysely,
      );
    },
    async due(name, app, among, limit) {
      const open = among === 'open' ? sql`AND (state <> 'done' OR pending <> '{}')` : sql``;
      const { rows } = await sql<NamedRemove>`
        SELECT id, app, wallet, issued_at AS "issuedAt", selector FROM removals r
        WHERE kind = 'remove' AND app = ${app} ${open} AND NOT EXISTS (
          SELECT FROM removal_reports p WHERE p.app = r.app AND p.wallet = r.wallet AND p.id = r.id AND p.reporter = ${name})
        ORDER BY app, wallet, id LIMIT ${limit}`.execute(kysely);
      return rows;
    },
    async orders(name, app, wallet) {
      const owner = wallet ? sql`AND r.wallet = ${wallet}` : sql``;
      const { rows } = await sql<OrderState>`
        SELECT r.id, r.app, r.wallet, r.kind, r.issued_at AS "issuedAt",
          floor(extract(epoch FROM p.reported_at) * 1000)::bigint AS "reportedAt"
        FROM removals r LEFT JOIN removal_reports p
          ON p.app = r.app AND p.wallet = r.wallet AND p.id = r.id AND p.reporter = ${name}
        WHERE r.app = ${app} ${owner} ORDER BY r.wallet, r.issued_at, r.id`.execute(kysely);
      return rows;
    },
    registered: () => kysely.selectFrom('exports').select(['name', 'app']).orderBy(sql`name COLLATE "C"`).execute(),
  };
}
