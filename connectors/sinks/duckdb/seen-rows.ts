import { basename, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { SeenRow } from '../../../services/pipeline/define-sink.ts';
import { COMMON_COLUMNS, commonFrom } from '../../../services/pipeline/ports/row-columns.ts';
import type { Column, Table, Value } from '../../../services/pipeline/ports/table.ts';
import { tablesIn } from '../folder/walk.ts';
import { duckColumn } from './column-type.ts';
import { name, text } from './names.ts';

/** The rows as any consumer reads them: a glob per table, Hive partitions, versions by their names, no knowledge of commits. */
export async function seenRows(folder: string, tables: readonly Table[]): Promise<SeenRow[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const rows: SeenRow[] = [];
    for (const path of await tablesIn(folder)) {
      const table = basename(path);
      const own = tables.find((one) => one.name === table)?.columns ?? [];
      const glob = text(join(path, 'app=*', '*', '*.parquet'));
      const [found] = (await connection.runAndReadAll(`SELECT count(*)::INTEGER FROM glob(${glob})`)).getRowsJS();
      if (found?.[0] === 0) continue;
      const columns = [...COMMON_COLUMNS, ...own];
      const reader = await connection.runAndReadAll(
        `SELECT ${columns.map((column) => name(column.name)).join(', ')} FROM read_parquet(${glob}, hive_partitioning = true,
           hive_types = {'app': VARCHAR, 'dt': DATE}, union_by_name = true)`,
      );
      const read = columns.map((column) => ({ name: column.name, from: duckColumn(column.type).from }));
      for (const row of reader.getRows()) {
        const values = Object.fromEntries(read.map((column, i) => [column.name, column.from(row[i] ?? null)]));
        rows.push({ ...commonFrom(values), table, values: pick(own, values) });
      }
    }
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const pick = (columns: readonly Column[], values: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(columns.map((column) => [column.name, values[column.name] ?? null]));
