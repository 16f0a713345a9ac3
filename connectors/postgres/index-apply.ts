import { sql } from 'kysely';
import { FatalError } from '../../services/pipeline/errors.ts';
import { CHECKPOINT_EVERY, type IndexEntry } from '../../services/pipeline/ports/index-store.ts';
import type { Position } from '../../services/pipeline/ports/positions.ts';
import type { Executor } from './database.ts';
import { batchRow, type LiveEntry, voidRow } from './index-entry-rows.ts';
import type { BatchesTable, SubjectsTable, VoidsTable } from './migrations/020-index.ts';
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

/** Marks every batch that shares (app, wallet, signer, source, seq) with one of these, and these. */
export async function markConflicts(tx: Executor, batchIds: readonly Uint8Array[]): Promise<void> {
  if (batchIds.length === 0) return;
  await sql`
    WITH clash AS (
      SELECT mine.batch_id AS mine, other.batch_id AS other
      FROM batches mine
      JOIN batches other USING (app, wallet, source, seq, signer)
      WHERE mine.batch_id = ANY (${[...batchIds]}::bytea[]) AND other.batch_id <> mine.batch_id
    )
    UPDATE batches SET conflict = true
    WHERE batch_id IN (SELECT mine FROM clash UNION SELECT other FROM clash) AND NOT conflict`.execute(tx);
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

/** Remembers which subject stands for an owner. @throws FatalError `subject_mismatch` when another one does. */
export async function insertSubjects(tx: Executor, entries: readonly LiveEntry[]): Promise<void> {
  if (entries.length === 0) return;
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
    WHERE known.subject <> input.subject ORDER BY 1 LIMIT 1`.execute(tx);
  if (others[0]) {
    throw new FatalError(
      'subject_mismatch',
      `The batch at origin ${others[0].from_origin} names another subject than its wallet's root version has. The encryptor should have refused it: park the record there.`,
    );
  }
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
