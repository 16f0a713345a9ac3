import { sql } from 'kysely';
import { CHECKPOINT_EVERY, type IndexEntry } from '../../services/pipeline/ports/index-store.ts';
import type { Position } from '../../services/pipeline/ports/positions.ts';
import type { Executor } from './database.ts';
import { batchRow, type LiveEntry, voidRow } from './index-entry-rows.ts';
import type { BatchesTable, SubjectsTable, VoidsTable } from './migrations/020-index.ts';
import { sameSequence } from './same-sequence.ts';
import { type ColumnTypes, columnList, unnest } from './unnest.ts';

type NewBatch = Omit<BatchesTable, 'conflict' | 'types'> & { types: string };

const BATCH: ColumnTypes<NewBatch> = {
  batch_id: 'bytea',
  app: 'bytea',
  wallet: 'bytea',
  partition: 'integer',
  origin: 'bigint',
  root_version: 'integer',
  subject: 'bytea',
  epoch: 'bigint',
  mode: 'text',
  count: 'integer',
  id_min: 'text',
  id_max: 'text',
  time_min: 'bigint',
  time_max: 'bigint',
  source: 'bytea',
  seq: 'bigint',
  signer: 'text',
  issued_at: 'bigint',
  cluster: 'text',
  segment: 'bytea',
  slot: 'integer',
  hash: 'bytea',
  bytes: 'bigint',
  types: 'text',
};

const { types: _types, ...PLAIN } = BATCH;

const VOID: ColumnTypes<VoidsTable> = {
  partition: 'integer',
  origin: 'bigint',
  batch_id: 'bytea',
  reason: 'text',
  app: 'bytea',
  wallet: 'bytea',
  root_version: 'integer',
  source: 'bytea',
  seq: 'bigint',
};

const SUBJECT: ColumnTypes<SubjectsTable> = {
  app: 'bytea',
  wallet: 'bytea',
  root_version: 'integer',
  subject: 'bytea',
  from_origin: 'bigint',
};

/** Types hold no control characters, so a line feed parts them. */
const asNewBatch = ({ conflict: _conflict, types, ...row }: BatchesTable): NewBatch => ({
  ...row,
  types: types.join('\n'),
});

/** Inserts live batches; a batch id that is there already is left as it is. @returns the ids that were new. */
export async function insertBatches(
  tx: Executor,
  partition: number,
  entries: readonly LiveEntry[],
): Promise<Uint8Array[]> {
  if (entries.length === 0) return [];
  const rows = entries.map((entry) => asNewBatch(batchRow(partition, entry)));
  const { rows: inserted } = await sql<{ batch_id: Uint8Array }>`
    INSERT INTO batches (${columnList(BATCH)})
    SELECT ${columnList(PLAIN)}, string_to_array(types, E'\\n')
    FROM ${unnest(rows, BATCH)} AS input (${columnList(BATCH)})
    ON CONFLICT (batch_id) DO NOTHING
    RETURNING batch_id`.execute(tx);
  return inserted.map((row) => row.batch_id);
}

/**
 * Marks every batch that shares (app, wallet, signer, source, seq) with one of these, and these. Looked up once per number that is used,
 * and only what stands alone is written: a wallet that uses one number for everything costs no more than others.
 */
export async function markConflicts(tx: Executor, batchIds: readonly Uint8Array[]): Promise<void> {
  if (batchIds.length === 0) return;
  // A limit in the count: whether there is another one, not how many.
  await sql`
    WITH used AS MATERIALIZED (
      SELECT DISTINCT app, wallet, source, seq, signer FROM batches WHERE batch_id = ANY (${[...batchIds]}::bytea[])
    ), clash AS MATERIALIZED (
      SELECT * FROM used WHERE (
        SELECT count(*) FROM (SELECT FROM batches b WHERE ${sameSequence('b', 'used')} AND NOT b.conflict LIMIT 2) alone
      ) > 1 OR (
        SELECT count(*) FROM (SELECT FROM batches b WHERE ${sameSequence('b', 'used')} AND b.conflict LIMIT 1) known
      ) > 0
    )
    UPDATE batches b SET conflict = true FROM clash WHERE ${sameSequence('b', 'clash')} AND NOT b.conflict`.execute(tx);
}

export async function insertVoids(
  tx: Executor,
  partition: number,
  voids: readonly { entry: IndexEntry; reason: VoidsTable['reason'] }[],
): Promise<void> {
  if (voids.length === 0) return;
  const rows = voids.map(({ entry, reason }) => voidRow(partition, entry, reason));
  await sql`
    INSERT INTO voids (${columnList(VOID)}) SELECT * FROM ${unnest(rows, VOID)}
    ON CONFLICT (partition, origin) DO NOTHING`.execute(tx);
}

/** Remembers which subject stands for an owner. @returns the origins of entries that name another than their root version has. */
export async function insertSubjects(tx: Executor, entries: readonly LiveEntry[]): Promise<ReadonlySet<number>> {
  if (entries.length === 0) return new Set();
  const rows = entries.map(({ app, wallet, rootVersion, origin, body }) => ({
    app,
    wallet,
    root_version: rootVersion,
    subject: body.subject,
    from_origin: origin,
  }));
  const input = sql`${unnest(rows, SUBJECT)} AS input (${columnList(SUBJECT)})`;
  await sql`
    INSERT INTO subjects (${columnList(SUBJECT)})
    SELECT app, wallet, root_version, (array_agg(subject ORDER BY from_origin))[1], min(from_origin)
    FROM ${input} GROUP BY app, wallet, root_version
    ON CONFLICT (app, wallet, root_version) DO NOTHING`.execute(tx);
  const { rows: others } = await sql<{ from_origin: number }>`
    SELECT input.from_origin FROM ${input} JOIN subjects known USING (app, wallet, root_version)
    WHERE known.subject <> input.subject`.execute(tx);
  return new Set(others.map((row) => row.from_origin));
}

/** Takes batches out again that this transaction has put in. */
export async function removeBatches(tx: Executor, entries: readonly LiveEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const ids = entries.map((entry) => entry.batchId);
  await tx.deleteFrom('batches').where('batch_id', 'in', ids).execute();
}

/** Keeps a checkpoint when the last one is far enough back. */
export async function insertCheckpoint(tx: Executor, partition: number, at: Position): Promise<void> {
  await sql`
    INSERT INTO checkpoints (partition, "offset", mark)
    SELECT ${partition}::integer, ${at.next}::bigint, ${at.mark}::bigint
    WHERE ${at.next}::bigint >= ${CHECKPOINT_EVERY}::bigint + coalesce(
      (SELECT max("offset") FROM checkpoints WHERE partition = ${partition}::integer), 0)
    ON CONFLICT (partition, "offset") DO NOTHING`.execute(tx);
}
