/**
 * The ceiling of a Parquet export: DuckDB writing rows that lie in memory. Reads the files of a finished export into arrays of DuckDB's own
 * values, column by column; then, by the clock, hands them to DuckDB in chunks, as its client offers, and has it write one file a table.
 * Environment: FOLDER (the export), OUT, THREADS. Prints `{"rows", "seconds"}`.
 */
import { mkdirSync, openSync, fsyncSync, closeSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBDataChunk, DuckDBInstance, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';

const CHUNK = 2048;
const { FOLDER = '', OUT = '', THREADS = '1' } = process.env;

interface Loaded {
  readonly table: string;
  readonly names: readonly string[];
  readonly types: readonly DuckDBType[];
  /** By column, in chunks. */
  readonly chunks: readonly (readonly (readonly DuckDBValue[])[])[];
  readonly rows: number;
}

async function load(table: string): Promise<Loaded> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const files = join(FOLDER, table, '*', '*', '*.parquet');
  const reader = await connection.runAndReadAll(`FROM read_parquet('${files}', hive_partitioning = false)`);
  const columns = reader.getColumns();
  const rows = reader.currentRowCount;
  const chunks = Array.from({ length: Math.ceil(rows / CHUNK) }, (_, n) =>
    columns.map((values) => values.slice(n * CHUNK, (n + 1) * CHUNK)),
  );
  const loaded = { table, names: reader.columnNames(), types: reader.columnTypes(), chunks, rows };
  connection.closeSync();
  instance.closeSync();
  return loaded;
}

async function write(all: readonly Loaded[]): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: THREADS });
  const connection = await instance.connect();
  for (const { table, names, types, chunks } of all) {
    const columns = names.map((name, i) => `"${name}" ${types[i]}`).join(', ');
    await connection.run(`CREATE TABLE rows (${columns})`);
    const appender = await connection.createAppender('rows');
    for (const values of chunks) {
      const chunk = DuckDBDataChunk.create(types, values[0]?.length ?? 0);
      for (const [i, column] of values.entries()) chunk.setColumnValues(i, column);
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
    const path = join(OUT, `${table}.parquet`);
    await connection.run(`COPY rows TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
    const file = openSync(path, 'r');
    fsyncSync(file);
    closeSync(file);
    await connection.run('DROP TABLE rows');
  }
  connection.closeSync();
  instance.closeSync();
}

mkdirSync(OUT, { recursive: true });
const all: Loaded[] = [];
for (const table of readdirSync(FOLDER)) if (!table.startsWith('_')) all.push(await load(table));
const started = performance.now();
await write(all);
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ rows: all.reduce((sum, { rows }) => sum + rows, 0), seconds }));
