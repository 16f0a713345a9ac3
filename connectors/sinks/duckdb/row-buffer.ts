import { type DuckDBAppender, type DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { COMMON_COLUMNS, sameBatch } from '../../../services/pipeline/ports/row-columns.ts';
import type { ExportRow } from '../../../services/pipeline/ports/sink.ts';
import type { Table, Value } from '../../../services/pipeline/ports/table.ts';
import { type DuckColumn, duckColumn } from './column-type.ts';
import { fillColumn } from './fill-column.ts';
import { name } from './names.ts';

/** Rows of one vector of DuckDB: what a chunk holds. */
const CHUNK = 2048;

/** Columns that are in the names of folders, as Hive wants it, and so not in the files. */
const IN_FOLDERS: readonly string[] = ['app'];

interface BufferColumn extends DuckColumn {
  readonly name: string;
  readonly of: (row: ExportRow) => Value;
}

/** Of the column that ties an event to its batch. */
const NUMBER = duckColumn('int');

/** What the files of a table hold, in order. */
function bufferColumns(table: Table): (BufferColumn & { readonly ofBatch: boolean })[] {
  const common = COMMON_COLUMNS.filter((column) => !IN_FOLDERS.includes(column.name)).map(
    ({ name, type, of, ofBatch = false }) => ({ ...duckColumn(type), name, of, ofBatch }),
  );
  const own = table.columns.map(({ name, type }) => ({
    ...duckColumn(type),
    ...{ name, of: (row: ExportRow) => row.values[name] ?? null, ofBatch: false },
  }));
  return [...common, ...own];
}

/** Tables in memory that rows of one table and version pass through on their way to a file. */
export interface RowBuffer {
  /** SQL that selects what is in it, in order. */
  readonly rows: string;
  /** Holds these rows, in this order; what was in it before is gone. */
  fill(rows: readonly ExportRow[]): Promise<void>;
  drop(): Promise<void>;
}

/** Names of the buffer's tables, and of the column that ties an event to its batch: no column of ours has a space. */
const [EVENTS, BATCHES, BATCH] = ['events of', 'batches of', 'of batch'].map(name) as [string, string, string];

/** What all rows of a batch have in common is put in once a batch, and joined by DuckDB: most of the time goes into handing values over. */
export async function rowBuffer(connection: DuckDBConnection, table: Table): Promise<RowBuffer> {
  const columns = bufferColumns(table);
  const [ofBatch, ofEvent] = [columns.filter((one) => one.ofBatch), columns.filter((one) => !one.ofBatch)];
  const create = (where: string, those: readonly BufferColumn[]) =>
    connection.run(
      `CREATE OR REPLACE TABLE ${where} (${BATCH} ${NUMBER.type}, ${those.map((one) => `${name(one.name)} ${one.type}`).join(', ')})`,
    );
  await create(BATCHES, ofBatch);
  await create(EVENTS, ofEvent);
  const selected = columns.map((one) => `${one.ofBatch ? 'b' : 'e'}.${name(one.name)}`).join(', ');
  return {
    rows: `(SELECT ${selected} FROM ${EVENTS} e JOIN ${BATCHES} b USING (${BATCH}))`,
    async fill(rows) {
      await connection.run(`TRUNCATE ${BATCHES}; TRUNCATE ${EVENTS}`);
      const { firsts, numbers } = batchesIn(rows);
      await append(connection, 'batches of', ofBatch, firsts, (i) => i);
      await append(connection, 'events of', ofEvent, rows, (i) => numbers[i] as number);
    },
    async drop() {
      await connection.run(`DROP TABLE ${EVENTS}; DROP TABLE ${BATCHES}`);
    },
  };
}

/** The first row of each stretch of rows of one batch, and the number of that stretch for each row. */
function batchesIn(rows: readonly ExportRow[]): { readonly firsts: ExportRow[]; readonly numbers: Int32Array } {
  const firsts: ExportRow[] = [];
  const numbers = new Int32Array(rows.length);
  let first: ExportRow | undefined;
  for (const [i, row] of rows.entries()) {
    if (first === undefined || !sameBatch(row, first)) {
      first = row;
      firsts.push(row);
    }
    numbers[i] = firsts.length - 1;
  }
  return { firsts, numbers };
}

async function append(
  connection: DuckDBConnection,
  table: string,
  columns: readonly BufferColumn[],
  rows: readonly ExportRow[],
  numberOf: (index: number) => number,
): Promise<void> {
  const types = [NUMBER.type, ...columns.map(({ type }) => type)];
  const appender: DuckDBAppender = await connection.createAppender(table);
  for (let at = 0; at < rows.length; at += CHUNK) {
    const part = rows.slice(at, at + CHUNK);
    const chunk = DuckDBDataChunk.create(types, part.length);
    const numbers = part.map((_, i) => numberOf(at + i));
    fillColumn(chunk, 0, NUMBER, numbers);
    for (const [i, column] of columns.entries()) fillColumn(chunk, i + 1, column, part.map(column.of));
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}
