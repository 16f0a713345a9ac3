import { DuckDBInstance } from '@duckdb/node-api';

/** One row of the export. */
export interface ExportedRow {
  /** Hex. */
  readonly batchId: string;
  readonly eventId: string;
}

/** Event ids in the Parquet folder that belong to these batches, one per row. */
export async function exportedEventIds(folder: string, batchIds: ReadonlySet<string>): Promise<string[]> {
  return (await exportedRows(folder, batchIds)).map(({ eventId }) => eventId);
}

/** Rows of the Parquet folder that belong to these batches (hex), whichever table holds them: all have these columns, in one order. */
export async function exportedRows(folder: string, batchIds: ReadonlySet<string>): Promise<ExportedRow[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const files = `${folder}/*/app=*/dt=*/*.parquet`;
    const found = await connection.runAndReadAll(`SELECT count(*)::INTEGER FROM glob('${files}')`);
    if (found.getRows()[0]?.[0] === 0) return [];
    const reader = await connection.runAndReadAll(`SELECT batch_id, event_id FROM read_parquet('${files}')`);
    return reader
      .getRows()
      .map(([batch, event]) => ({ batchId: String(batch), eventId: String(event) }))
      .filter(({ batchId }) => batchIds.has(batchId));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
