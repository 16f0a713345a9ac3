import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { z } from 'zod';
import { defineSink } from '../../services/pipeline/define-sink.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import { columnNames, extraColumn, name, scopeColumn, text } from './duckdb/columns.ts';
import { parquetFormat } from './duckdb/parquet-format.ts';
import { folderSink } from './folder/folder-sink.ts';
import { walk } from './folder/walk.ts';

const config = z.strictObject({
  folder: z.string().min(1).describe('Folder that receives the files; created when absent.'),
  compression: z.enum(['zstd', 'snappy']).default('zstd').describe('Codec of the column chunks.'),
  columns: z
    .record(z.string().regex(/^[a-z][a-z0-9_]{0,62}$/), extraColumn)
    .default({})
    .describe('Further typed columns taken from JSON scopes: column name → `{scope, field, type}`.'),
});

export default defineSink({
  name: 'parquet',
  summary:
    'Parquet files in the folders `app=<hex>/dt=YYYY-MM-DD/` (UTC day of the event). Times are microseconds UTC, ids are text, each scope is the text column `scope_<name>`.',
  config,
  create({ folder, compression, columns }, context) {
    columnNames(context.scopes, columns);
    return folderSink(folder, parquetFormat({ scopes: context.scopes, columns, compression }), context);
  },
  trial: (scratch, scopes) => ({
    config: { folder: scratch },
    rows: async () => ((await walk(scratch, '.parquet')).length === 0 ? [] : readRows(scratch, scopes)),
  }),
});

/** The rows as any consumer reads them: a glob, Hive partitions, no knowledge of commits. */
async function readRows(folder: string, scopes: readonly string[]): Promise<ExportRow[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const opened = scopes.map((scope) => `, ${name(scopeColumn(scope))}`).join('');
  const glob = text(join(folder, 'app=*', '*', '*.parquet'));
  const reader = await connection.runAndReadAll(
    `SELECT app, wallet, batch_id AS "batchId", event_id AS "eventId", type, epoch_ms(time)::DOUBLE AS "time", session, blob,
       signer, source, seq::DOUBLE AS "seq", slot, origin::DOUBLE AS "origin", "partition", epoch_ms(issued_at)::DOUBLE AS "issuedAt" ${opened}
     FROM read_parquet(${glob}, hive_partitioning = true, hive_types = {'app': VARCHAR, 'dt': DATE}, union_by_name = true)`,
  );
  const scopeOf = new Map(scopes.map((scope) => [scopeColumn(scope), scope]));
  const rows = reader.getRowObjectsJS().map((row) => {
    const columns = Object.entries(row);
    const fields = columns.filter(([column]) => !scopeOf.has(column));
    const texts = columns.flatMap(([column, value]) =>
      scopeOf.has(column) && value !== null ? [[scopeOf.get(column), value]] : [],
    );
    return { ...Object.fromEntries(fields), scopes: Object.fromEntries(texts) } as ExportRow;
  });
  connection.closeSync();
  instance.closeSync();
  return rows;
}
