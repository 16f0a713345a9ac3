import { type RawBuilder, sql } from 'kysely';
import { fromHex } from '../../protocol/index.ts';
import type { RemovedBy, RemovedEvents } from '../../services/pipeline/ports/removed-events.ts';
import { type KeptOfRemovals, MOST_COUNTED } from '../../services/pipeline/ports/requests.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import { markOf, type Selecting } from '../../services/pipeline/rules/removal.ts';
import type { Database, Executor } from './database.ts';
import { unnest } from './unnest.ts';

/** Which events are removed, from PostgreSQL: an index look-up per event and way to select it. */
export function createRemovedEvents({ kysely }: Database): RemovedEvents {
  const ask = async (owners: RawBuilder<unknown>, asked: RawBuilder<unknown>, found: RawBuilder<unknown>) => {
    const { rows } = await sql<{ id: Uint8Array | null; issuedAt: number | null }>`
      WITH o AS MATERIALIZED (SELECT * FROM ${owners} WITH ORDINALITY AS o (app, wallet, n)), e AS MATERIALIZED (${asked})
      SELECT f.removal AS id, f.issued_at AS "issuedAt"
      FROM e JOIN o ON o.n = e.owner LEFT JOIN LATERAL (
        SELECT removal, issued_at FROM (${found}) every ORDER BY issued_at DESC, removal DESC LIMIT 1
      ) f ON true ORDER BY e.at`.execute(kysely);
    return rows.map(({ id, issuedAt }): RemovedBy | null => (id && issuedAt !== null ? { id, issuedAt } : null));
  };

  return {
    async any(owners) {
      if (owners.length === 0) return [];
      const { rows } = await sql<{ any: boolean }>`
        SELECT EXISTS (SELECT FROM removed_events r WHERE r.app = o.app AND r.wallet = o.wallet)
          OR EXISTS (SELECT FROM removed_sessions r WHERE r.app = o.app AND r.wallet = o.wallet)
          OR EXISTS (SELECT FROM removed_ranges r WHERE r.app = o.app AND r.wallet = o.wallet) AS any
        FROM ${unnest(owners, OWNER)} WITH ORDINALITY AS o (app, wallet, n) ORDER BY o.n`.execute(kysely);
      return rows.map((row) => row.any);
    },

    async of(events) {
      if (events.length === 0) return [];
      const { owners, numberOf } = numbered(events);
      const rows = events.map((one) => {
        const mark = markOf(one, one.session);
        const session = mark === null ? null : fromHex(mark, 32);
        return { owner: numberOf(one), id: one.id, time: one.time, session, issuedAt: one.issuedAt };
      });
      const types = { owner: 'bigint', id: 'uuid', time: 'bigint', session: 'bytea', issuedAt: 'bigint' };
      return ask(
        owners,
        sql`SELECT * FROM ${unnest(rows, types)} WITH ORDINALITY AS e (owner, id, time, session, issued_at, at)`,
        sql`
          SELECT r.removal, r.issued_at FROM removed_events r
          WHERE r.app = o.app AND r.wallet = o.wallet AND r.event = e.id AND r.issued_at >= e.issued_at
          UNION ALL SELECT r.removal, r.issued_at FROM removed_sessions r
          WHERE r.app = o.app AND r.wallet = o.wallet AND r.session = e.session AND r.issued_at >= e.issued_at
          UNION ALL SELECT r.removal, r.issued_at FROM removed_ranges r
          WHERE r.app = o.app AND r.wallet = o.wallet AND r.time_from <= e.time AND e.time < r.time_to AND r.issued_at >= e.issued_at`,
      );
    },

    async ofSealed(batches) {
      if (batches.length === 0) return [];
      const { owners, numberOf } = numbered(batches);
      const rows = batches.map((one) => ({
        owner: numberOf(one),
        id: one.count === 1 ? one.idMin : null,
        timeMin: one.timeMin,
        timeMax: one.timeMax,
        issuedAt: one.issuedAt,
      }));
      const types = { owner: 'bigint', id: 'uuid', timeMin: 'bigint', timeMax: 'bigint', issuedAt: 'bigint' };
      return ask(
        owners,
        sql`SELECT * FROM ${unnest(rows, types)} WITH ORDINALITY AS e (owner, id, time_min, time_max, issued_at, at)`,
        sql`
          SELECT r.removal, r.issued_at FROM removed_events r
          WHERE r.app = o.app AND r.wallet = o.wallet AND r.event = e.id AND r.issued_at >= e.issued_at
          UNION ALL SELECT r.removal, r.issued_at FROM removed_ranges r
          WHERE r.app = o.app AND r.wallet = o.wallet AND r.time_from <= e.time_min AND e.time_max < r.time_to AND r.issued_at >= e.issued_at`,
      );
    },
  };
}

const OWNER = { app: 'bytea', wallet: 'bytea' };

/** Owners once each, and the number of each from 1: a page of one owner says its keys once. */
function numbered(those: readonly Owner[]): { owners: RawBuilder<unknown>; numberOf(one: Owner): number } {
  const numbers = new Map<string, number>();
  const owners: Owner[] = [];
  const nameOf = ({ app, wallet }: Owner) => Buffer.concat([app, wallet]).toString('latin1');
  for (const one of those) {
    if (numbers.has(nameOf(one))) continue;
    owners.push({ app: one.app, wallet: one.wallet });
    numbers.set(nameOf(one), owners.length);
  }
  return { owners: unnest(owners, OWNER), numberOf: (one) => numbers.get(nameOf(one)) ?? 0 };
}

/** Lays out what a removal selects. Of several that select the same, the last that was signed is kept. */
export async function layOut(tx: Executor, removal: Owner & Selecting & { readonly id: Uint8Array }): Promise<void> {
  const { app, wallet, id, issuedAt, selector } = removal;
  const later = sql`DO UPDATE SET issued_at = excluded.issued_at, removal = excluded.removal
    WHERE (r.issued_at, r.removal) < (excluded.issued_at, excluded.removal)`;
  if ('events' in selector) {
    await sql`INSERT INTO removed_events AS r (app, wallet, event, issued_at, removal)
      SELECT ${app}, ${wallet}, event, ${issuedAt}::bigint, ${id} FROM unnest(${[...selector.events]}::uuid[]) AS event
      ON CONFLICT (app, wallet, event) ${later}`.execute(tx);
  } else if ('session' in selector) {
    await sql`INSERT INTO removed_sessions AS r (app, wallet, session, issued_at, removal)
      VALUES (${app}, ${wallet}, ${fromHex(selector.session, 32)}, ${issuedAt}, ${id})
      ON CONFLICT (app, wallet, session) ${later}`.execute(tx);
  } else {
    const { from, to } = selector;
    // A range within a later one says nothing any more: whoever removes day by day and then the year keeps the year.
    await sql`DELETE FROM removed_ranges WHERE app = ${app} AND wallet = ${wallet}
      AND time_from >= ${from} AND time_to <= ${to} AND (issued_at, removal) < (${issuedAt}::bigint, ${id}::bytea)`.execute(
      tx,
    );
    await sql`INSERT INTO removed_ranges (app, wallet, time_from, time_to, issued_at, removal)
      VALUES (${app}, ${wallet}, ${from}, ${to}, ${issuedAt}, ${id}) ON CONFLICT DO NOTHING`.execute(tx);
  }
}

/** See `KeptOfRemovals`. */
export async function keptOfRemovals(tx: Executor, { app, wallet }: Owner): Promise<KeptOfRemovals> {
  const mine = sql`WHERE app = ${app} AND wallet = ${wallet}`;
  const { rows } = await sql<KeptOfRemovals>`SELECT
    (SELECT count(*)::int FROM removed_ranges ${mine}) AS ranges,
    (SELECT count(*)::int FROM (
      SELECT FROM removed_events ${mine} UNION ALL SELECT FROM removed_sessions ${mine} LIMIT ${MOST_COUNTED}) n) AS names,
    (SELECT count(*)::int FROM (
      SELECT FROM removals ${mine} AND kind = 'remove' AND (state <> 'done' OR pending <> '{}') LIMIT ${MOST_COUNTED}) n) AS open`.execute(
    tx,
  );
  return rows[0] as KeptOfRemovals;
}
