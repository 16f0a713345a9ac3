/**
 * The ceiling of a Parquet export: DuckDB writing rows that lie in memory. Reads the files of a finished export into objects, a row each, of
 * DuckDB's own values; then, by the clock, hands them to DuckDB in chunks, which is the fastest that its client offers, and has it write one
 * file a table.
 * Environment: FOLDER (the export), OUT, THREADS. Prints `{"rows", "seconds"}`.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBDataChunk, DuckDBInstance, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';

const CHUNK = 2048;
const { FOLDER = '', OUT = '', THREADS = '1' } = process.env;

interface Loaded {
  readonly table: string;
  readonly names: readonly string[];
  readonly types: readonly DuckDBType[];
  readonly rows: readonly Readonly<Record<string, DuckDBValue>>[];
}

async function load(table: string): Promise<Loaded> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const files = join(FOLDER, table, '*', '*', '*.parquet');
  const reader = await connection.runAndReadAll(`FROM read_parquet('${files}', hive_partitioning = false)`);
  const loaded = { table, names: reader.columnNames(), types: reader.columnTypes(), rows: reader.getRowObjects() };
  connection.closeSync();
  instance.closeSync();
  return loaded;
}

async function write(all: readonly Loaded[]): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: THREADS });
  const connection = await instance.connect();
  for (const { table, names, types, rows } of all) {
    const columns = names.map((name, i) => `"${name}" ${types[i]}`).join(', ');
    await connection.run(`CREATE TABLE buffer (${columns})`);
    const appender = await connection.createAppender('buffer');
    for (let at = 0; at < rows.length; at += CHUNK) {
      const part = rows.slice(at, at + CHUNK);
      const chunk = DuckDBDataChunk.create(types, part.length);
      for (const [i, name] of names.entries())
        chunk.setColumnValues(
          i,
          part.map((row) => row[name] ?? null),
        );
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
    const path = join(OUT, `${table}.parquet`);
    await connection.run(`COPY buffer TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
    const file = openSync(path, 'r');
    fsyncSync(file);
    closeSync(file);
    await connection.run('DROP TABLE buffer');
  }
  connection.closeSync();
  instance.closeSync();
}

mkdirSync(OUT, { recursive: true });
const all: Loaded[] = [];
for (const table of readdirSync(FOLDER)) if (!table.startsWith('_')) all.push(await load(table));
// Once for nothing: the export is warm, too, when its clock starts.
await write(all);
const started = performance.now();
await write(all);
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ rows: all.reduce((sum, { rows }) => sum + rows.length, 0), seconds }));
