import { DuckDBInstance } from '@duckdb/node-api';

/** Event ids in the Parquet folder that belong to these batches, one per row. */
export async function exportedEventIds(folder: string, batchIds: ReadonlySet<string>): Promise<string[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const found = await connection.runAndReadAll(
      `SELECT count(*)::INTEGER FROM glob('${folder}/app=*/dt=*/*.parquet')`,
    );
    if (found.getRows()[0]?.[0] === 0) return [];
    const reader = await connection.runAndReadAll(
      `SELECT batch_id, event_id FROM read_parquet('${folder}/app=*/dt=*/*.parquet', hive_partitioning = true)`,
    );
    return reader.getRows().flatMap(([batch, event]) => (batchIds.has(String(batch)) ? [String(event)] : []));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
