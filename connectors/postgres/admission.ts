import { sql, type Transaction } from 'kysely';
import type { Admission, Candidate } from '../../services/pipeline/ports/admission.ts';
import { isErased } from '../../services/pipeline/rules/erasure.ts';
import type { Database, Executor } from './database.ts';
import { erasuresOf, ownerKey } from './removals.ts';
import type { Tables } from './tables.ts';

/** `batch_ids` and `removals` in PostgreSQL. A flush of any size costs the same few statements. */
export function createAdmission(db: Database): Admission {
  return {
    async admit(partition, candidates) {
      if (candidates.length === 0) return [];
      return db.kysely.transaction().execute(async (tx) => {
        await insertAbsent(tx, partition, candidates);
        for (const candidate of candidates) await takeOver(tx, partition, candidate);
        const ids = candidates.map((candidate) => candidate.batchId);
        const firsts = await firstOf(tx, ids);
        const erasures = await erasuresOf(
          tx,
          candidates.map((candidate) => candidate.wallet),
        );
        return candidates.map((candidate, index) => {
          const first = firsts[index];
          if (first?.origin !== candidate.origin || first.partition !== partition) return 'duplicate';
          return isErased(candidate, erasures.get(ownerKey(candidate)) ?? []) ? 'erased' : null;
        });
      });
    },

    origins: (batchIds) => firstOf(db.kysely, batchIds),
  };
}

/** In order of the log, so that of two equal ids in one flush the first gets in. */
async function insertAbsent(
  tx: Transaction<Tables>,
  partition: number,
  candidates: readonly Candidate[],
): Promise<void> {
  const ids = candidates.map((candidate) => candidate.batchId);
  const origins = candidates.map((candidate) => candidate.origin);
  await sql`
    INSERT INTO batch_ids (batch_id, partition, origin)
    SELECT id, ${partition}::integer, origin FROM unnest(${ids}::bytea[], ${origins}::bigint[]) AS c (id, origin)
    ORDER BY origin
    ON CONFLICT DO NOTHING`.execute(tx);
}

/** `ddc dlq retry` sent the original again: the id now belongs to the new record. Rare, so one statement each. */
async function takeOver(tx: Transaction<Tables>, partition: number, candidate: Candidate): Promise<void> {
  if (candidate.retryOf === null) return;
  await tx
    .updateTable('batch_ids')
    .set({ origin: candidate.origin })
    .where('batch_id', '=', candidate.batchId)
    .where('partition', '=', partition)
    .where('origin', '=', candidate.retryOf)
    .execute();
}

async function firstOf(
  tx: Executor,
  batchIds: readonly Uint8Array[],
): Promise<({ partition: number; origin: number } | null)[]> {
  if (batchIds.length === 0) return [];
  const { rows } = await sql<{ batch_id: Uint8Array; partition: number; origin: number }>`
    SELECT batch_id, partition, origin FROM batch_ids WHERE batch_id = ANY(${[...batchIds]}::bytea[])`.execute(tx);
  const byId = new Map(rows.map((row) => [Buffer.from(row.batch_id).toString('base64'), row]));
  return batchIds.map((id) => {
    const row = byId.get(Buffer.from(id).toString('base64'));
    return row ? { partition: row.partition, origin: row.origin } : null;
  });
}
