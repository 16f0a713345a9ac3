import { sql } from 'kysely';
import type { Database } from '../../connectors/postgres/database.ts';

/** What the index says of one batch: everything that is needed to find, open and prove it. */
export interface IndexRow {
  readonly batchId: Uint8Array;
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  readonly rootVersion: number;
  readonly subject: Uint8Array;
  readonly epoch: number;
  readonly count: number;
  readonly cluster: string;
  /** Bytes of the segment's CID. */
  readonly segment: Uint8Array;
  readonly slot: number;
  readonly hash: Uint8Array;
  readonly bytes: number;
}

/** The index rows of these batches. A batch id that stood in several rows would be returned as often. */
export async function indexRows(db: Database, batchIds: readonly Uint8Array[]): Promise<IndexRow[]> {
  const { rows } = await sql<IndexRow>`
    SELECT batch_id AS "batchId", app, wallet, root_version AS "rootVersion", subject, epoch, count, cluster, segment, slot, hash, bytes
    FROM batches WHERE batch_id = ANY(${batchIds.map((id) => Buffer.from(id))}::bytea[])`.execute(db.kysely);
  return rows;
}
