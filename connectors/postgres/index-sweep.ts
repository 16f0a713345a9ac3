import { sql } from 'kysely';
import type { Database, Executor } from './database.ts';
import { sameSequence } from './same-sequence.ts';

/** Rows of one transaction: a small part of what a statement has time for. */
const PAGE = 10_000;
/** Open removals that are looked at together. */
const REMOVALS = 500;

interface Named {
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  readonly id: Uint8Array;
}

/** Which rows of its owner a removal `r` reaches. Read anew in each transaction: its fence may come while pages go. */
const BATCH = sql`b.app = r.app AND b.wallet = r.wallet
  AND (r.fence IS NULL OR b.origin < r.fence OR b.root_version = ANY (r.root_versions) OR b.issued_at <= r.issued_at)`;
const VOID = sql`v.app = r.app AND v.wallet = r.wallet
  AND (r.fence IS NULL OR v.origin < r.fence OR v.root_version = ANY (r.root_versions))`;
const OPEN = sql`r.kind = 'erase' AND r.state <> 'done'`;
const isThis = ({ app, wallet, id }: Named) => sql`r.app = ${app} AND r.wallet = ${wallet} AND r.id = ${id}`;

/**
 * Rows that an open erasure reaches become voids without an owner, and what was derived from them (subjects, conflict marks) is
 * derived anew: afterwards the index is what a replay under the same removals would make it. One erasure after the other, a page of its
 * rows in each transaction; what one cannot do keeps no other from being done.
 * @returns how many rows went.
 * @throws what went wrong first, once all were tried
 */
export async function sweepErased(db: Database, page = PAGE): Promise<number> {
  let gone = 0;
  let failed: { error: unknown } | null = null;
  for await (const removal of reaching(db)) {
    try {
      gone += await sweepOne(db, removal, page);
    } catch (error) {
      failed ??= { error };
    }
  }
  if (failed) throw failed.error;
  return gone;
}

/** Open erasures that still reach a row. */
async function* reaching(db: Database): AsyncGenerator<Named> {
  let looked: readonly (Named & { readonly reaches: boolean })[] = [];
  do {
    looked = await lookAt(db, looked.at(-1) ?? null);
    for (const removal of looked) if (removal.reaches) yield removal;
  } while (looked.length === REMOVALS);
}

async function lookAt({ kysely }: Database, after: Named | null): Promise<(Named & { reaches: boolean })[]> {
  const behind = after ? sql`AND (r.app, r.wallet, r.id) > (${after.app}, ${after.wallet}, ${after.id})` : sql``;
  const { rows } = await sql<Named & { reaches: boolean }>`
    SELECT r.app, r.wallet, r.id,
      EXISTS (SELECT FROM batches b WHERE ${BATCH}) OR EXISTS (SELECT FROM voids v WHERE ${VOID}) AS reaches
    FROM removals r WHERE ${OPEN} ${behind} ORDER BY r.app, r.wallet, r.id LIMIT ${REMOVALS}`.execute(kysely);
  return rows;
}

/** Voids first: an erasure counts as swept when it reaches no batch any more. */
async function sweepOne({ kysely }: Database, removal: Named, page: number): Promise<number> {
  while ((await kysely.transaction().execute((tx) => forgetVoids(tx, removal, page))) === page);
  let gone = 0;
  for (let reachedAny = false; ; reachedAny = true) {
    const { rows, more } = await kysely.transaction().execute((tx) => voidBatches(tx, removal, page, reachedAny));
    gone += rows;
    if (!more) return gone;
  }
}

async function forgetVoids(tx: Executor, removal: Named, page: number): Promise<number> {
  const { numAffectedRows } = await sql`
    UPDATE voids SET reason = 'erased', app = NULL, wallet = NULL, root_version = NULL, source = NULL, seq = NULL
    WHERE (partition, origin) IN (
      SELECT v.partition, v.origin FROM voids v, removals r WHERE ${isThis(removal)} AND ${OPEN} AND ${VOID} LIMIT ${page})`.execute(
    tx,
  );
  return Number(numAffectedRows ?? 0);
}

/**
 * What is derived is derived anew with the last page, in its transaction: a crash between two pages leaves rows for the next sweep. Also
 * where that page is empty: another sweeper may have taken the rest while rows of ours, not yet committed, still stood in its way. Rows
 * that another has not committed are reached as well and waited for, so whoever derives sees that all are gone.
 * @param reachedAny whether an earlier page of this sweep reached a row
 */
async function voidBatches(
  tx: Executor,
  removal: Named,
  page: number,
  reachedAny: boolean,
): Promise<{ rows: number; more: boolean }> {
  const { rows } = await sql<{ reached: number; gone: number }>`
    WITH reached AS MATERIALIZED (
      SELECT b.batch_id FROM batches b, removals r WHERE ${isThis(removal)} AND ${OPEN} AND ${BATCH} LIMIT ${page + 1}
    ), gone AS (
      DELETE FROM batches WHERE batch_id IN (SELECT batch_id FROM reached LIMIT ${page}) RETURNING partition, origin, batch_id
    ), voided AS (
      INSERT INTO voids (partition, origin, batch_id, reason) SELECT partition, origin, batch_id, 'erased' FROM gone
    )
    SELECT (SELECT count(*) FROM reached) AS reached, (SELECT count(*) FROM gone) AS gone`.execute(tx);
  const { reached = 0, gone = 0 } = rows[0] ?? {};
  const more = reached > page;
  if (!more && (reachedAny || reached > 0)) await deriveAnew(tx, removal);
  return { rows: gone, more };
}

async function deriveAnew(tx: Executor, { app, wallet }: Named): Promise<void> {
  await sql`
    DELETE FROM subjects s
    WHERE s.app = ${app} AND s.wallet = ${wallet} AND NOT EXISTS (
      SELECT FROM batches b WHERE b.app = s.app AND b.wallet = s.wallet AND b.root_version = s.root_version)`.execute(
    tx,
  );
  await sql`
    UPDATE subjects s SET from_origin = (
      SELECT min(b.origin) FROM batches b WHERE b.app = s.app AND b.wallet = s.wallet AND b.root_version = s.root_version)
    WHERE s.app = ${app} AND s.wallet = ${wallet}`.execute(tx);
  // Whoever shares a number is marked, so the other one is as well.
  await sql`
    UPDATE batches b SET conflict = false
    WHERE b.app = ${app} AND b.wallet = ${wallet} AND b.conflict AND NOT EXISTS (
      SELECT FROM batches o WHERE ${sameSequence('o', 'b')} AND o.conflict AND o.batch_id <> b.batch_id)`.execute(tx);
}
