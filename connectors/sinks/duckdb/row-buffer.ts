import { type DuckDBConnection, DuckDBDataChunk, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
import { COMMON_COLUMNS } from '../../../services/pipeline/ports/row-columns.ts';
import type { ExportRow } from '../../../services/pipeline/ports/sink.ts';
import type { Table } from '../../../services/pipeline/ports/table.ts';
import { duckColumn } from './column-type.ts';
import { name } from './names.ts';

/** Rows of one vector of DuckDB: what a chunk holds. */
const CHUNK = 2048;

/** Columns that are in the names of folders, as Hive wants it, and so not in the files. */
const IN_FOLDERS: readonly string[] = ['app'];

interface BufferColumn {
  readonly name: string;
  readonly type: DuckDBType;
  readonly of: (row: ExportRow) => DuckDBValue;
}

/** What the files of a table hold, in order. */
function bufferColumns(table: Table): BufferColumn[] {
  const common = COMMON_COLUMNS.filter((column) => !IN_FOLDERS.includes(column.name)).map((column) => {
    const { type, to } = duckColumn(column.type);
    return { name: column.name, type, of: (row: ExportRow) => to(column.of(row)) };
  });
  const own = table.columns.map((column) => {
    const { type, to } = duckColumn(column.type);
    return { name: column.name, type, of: (row: ExportRow) => to(row.values[column.name]) };
  });
  return [...common, ...own];
}

/** A table in memory that rows of one table and version pass through on their way to a file. */
export interface RowBuffer {
  /** Its name in SQL. */
  readonly name: string;
  /** Holds these rows, in this order; what was in it before is gone. */
  fill(rows: readonly ExportRow[]): Promise<void>;
  drop(): Promise<void>;
}

export async function rowBuffer(connection: DuckDBConnection, table: Table): Promise<RowBuffer> {
  const buffer = 'buffer';
  const columns = bufferColumns(table);
  const types = columns.map(({ type }) => type);
  const fields = columns.map((column) => `${name(column.name)} ${column.type}`).join(', ');
  await connection.run(`CREATE OR REPLACE TABLE ${name(buffer)} (${fields})`);
  return {
    name: name(buffer),
    async fill(rows) {
      await connection.run(`DELETE FROM ${name(buffer)}`);
      const appender = await connection.createAppender(buffer);
      for (let at = 0; at < rows.length; at += CHUNK) {
        const part = rows.slice(at, at + CHUNK);
        const chunk = DuckDBDataChunk.create(types, part.length);
        for (const [i, column] of columns.entries()) chunk.setColumnValues(i, part.map(column.of));
        appender.appendDataChunk(chunk);
      }
      appender.closeSync();
    },
    async drop() {
      await connection.run(`DROP TABLE ${name(buffer)}`);
    },
  };
}
