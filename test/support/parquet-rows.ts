import { DuckDBInstance } from '@duckdb/node-api';

/** Every row of an export's Parquet files as one JSON line, sorted. */
export async function parquetRows(folder: string): Promise<string[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const files = `${folder}/app=*/dt=*/*.parquet`;
    const found = await connection.runAndReadAll(`SELECT count(*)::INTEGER FROM glob('${files}')`);
    if (found.getRows()[0]?.[0] === 0) return [];
    const reader = await connection.runAndReadAll(
      `SELECT to_json(rows)::VARCHAR FROM read_parquet('${files}', hive_partitioning = true) AS rows`,
    );
    return reader
      .getRows()
      .map(([row]) => String(row))
      .sort();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
