import { basename, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tablesIn, walk } from '../../connectors/sinks/folder/walk.ts';

/** Every row of an export's Parquet files as one JSON line with its `table`, sorted. */
export async function parquetRows(folder: string): Promise<string[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const rows: string[] = [];
    for (const table of await tablesIn(folder)) {
      if ((await walk(table, '.parquet')).length === 0) continue;
      const reader = await connection.runAndReadAll(
        `SELECT to_json(rows)::VARCHAR FROM (SELECT *, '${basename(table)}' AS "table"
           FROM read_parquet('${join(table, 'app=*', 'dt=*', '*.parquet')}', hive_partitioning = true, union_by_name = true)) AS rows`,
      );
      rows.push(...reader.getRows().map(([row]) => String(row)));
    }
    return rows.sort();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
