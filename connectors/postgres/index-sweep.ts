import { sql } from 'kysely';
import type { Executor } from './database.ts';

/**
 * Rows that an open erasure reaches become voids without an owner, and what was derived from them (subjects, conflict marks) is
 * derived anew: afterwards the index is what a replay under the same removals would make it.
 * @returns how many rows went.
 */
export async function sweepErased(tx: Executor): Promise<number> {
  const { rows: gone } = await sql<{ app: Uint8Array; wallet: Uint8Array }>`
    WITH gone AS (
      DELETE FROM batches b USING removals r
      WHERE r.kind = 'erase' AND r.state <> 'done' AND b.app = r.app AND b.wallet = r.wallet
        AND (r.fence IS NULL OR b.origin < r.fence OR b.root_version = ANY (r.root_versions) OR b.issued_at <= r.issued_at)
      RETURNING b.partition, b.origin, b.batch_id, b.app, b.wallet
    ), voided AS (
      INSERT INTO voids (partition, origin, batch_id, reason) SELECT partition, origin, batch_id, 'erased' FROM gone
    )
    SELECT app, wallet FROM gone`.execute(tx);
  if (gone.length > 0) await deriveAnew(tx, gone);
  await sql`
    UPDATE voids v SET reason = 'erased', app = NULL, wallet = NULL, root_version = NULL, source = NULL, seq = NULL
    FROM removals r
    WHERE r.kind = 'erase' AND r.state <> 'done' AND v.app = r.app AND v.wallet = r.wallet
      AND (r.fence IS NULL OR v.origin < r.fence OR v.root_version = ANY (r.root_versions))`.execute(tx);
  return gone.length;
}

async function deriveAnew(tx: Executor, owners: readonly { app: Uint8Array; wallet: Uint8Array }[]): Promise<void> {
  const list = sql`(SELECT DISTINCT * FROM unnest(
    ${owners.map((owner) => owner.app)}::bytea[], ${owners.map((owner) => owner.wallet)}::bytea[]) AS o (app, wallet)) owner`;
  await sql`
    DELETE FROM subjects s USING ${list}
    WHERE s.app = owner.app AND s.wallet = owner.wallet AND NOT EXISTS (
      SELECT FROM batches b WHERE b.app = s.app AND b.wallet = s.wallet AND b.root_version = s.root_version)`.execute(
    tx,
  );
  await sql`
    UPDATE subjects s SET from_origin = (
      SELECT min(b.origin) FROM batches b WHERE b.app = s.app AND b.wallet = s.wallet AND b.root_version = s.root_version)
    FROM ${list} WHERE s.app = owner.app AND s.wallet = owner.wallet`.execute(tx);
  await sql`
    UPDATE batches b SET conflict = EXISTS (
      SELECT FROM batches o WHERE o.app = b.app AND o.wallet = b.wallet AND o.source = b.source AND o.seq = b.seq
        AND o.signer = b.signer AND o.batch_id <> b.batch_id)
    FROM ${list} WHERE b.app = owner.app AND b.wallet = owner.wallet AND b.conflict`.execute(tx);
}
