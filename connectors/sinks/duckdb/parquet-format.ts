import { type DuckDBConnection, DuckDBInstance, DuckDBTimestampTZValue } from '@duckdb/node-api';
import type { ExportRow } from '../../../services/pipeline/ports/sink.ts';
import type { FileFormat } from '../folder/folder-sink.ts';
import { BASE_COLUMNS, type ExtraColumns, name, scopeColumn, selectList, text } from './columns.ts';

export interface ParquetOptions {
  readonly scopes: readonly string[];
  readonly columns: ExtraColumns;
  readonly compression: 'zstd' | 'snappy';
}

const NO_FENCE = 2n ** 63n - 1n;

/** Parquet through DuckDB, in memory and on one thread: the rooms share the machine's cores. */
export function parquetFormat({ scopes, columns, compression }: ParquetOptions): FileFormat {
  const how = `(FORMAT parquet, COMPRESSION ${compression})`;
  const select = selectList(scopes, columns);
  let opened: Promise<{ connection: DuckDBConnection; close(): void }> | undefined;

  async function open() {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    const fields = [
      ['file', 'INTEGER'],
      ...BASE_COLUMNS,
      ...scopes.map((scope) => [scopeColumn(scope), 'VARCHAR'] as const),
    ];
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run(
      `CREATE TABLE buffer (${fields.map(([column, type]) => `${name(column ?? '')} ${type}`).join(', ')})`,
    );
    await connection.run('CREATE TABLE unwanted (wallet VARCHAR, before BIGINT)');
    return {
      connection,
      close() {
        connection.closeSync();
        instance.closeSync();
      },
    };
  }

  async function connect(): Promise<DuckDBConnection> {
    opened ??= open();
    return (await opened).connection;
  }

  /** A join: a condition an owner would take time with the square of the owners. No fence is above every origin. */
  const THEIRS = 'EXISTS (FROM unwanted u WHERE u.wallet = r.wallet AND r.origin < u.before)';

  return {
    extension: '.parquet',

    async write(files) {
      const connection = await connect();
      await connection.run('DELETE FROM buffer');
      await append(
        connection,
        files.map(({ rows }) => rows),
        scopes,
      );
      for (const [i, { path }] of files.entries()) {
        const rows = `SELECT ${select} FROM buffer WHERE file = ${i} ORDER BY origin, slot`;
        await connection.run(`COPY (${rows}) TO ${text(path)} ${how}`);
      }
      await connection.run('DELETE FROM buffer');
    },

    async find(owners) {
      const connection = await connect();
      await connection.run('DELETE FROM unwanted');
      const appender = await connection.createAppender('unwanted');
      for (const { wallet, before } of owners) {
        appender.appendVarchar(wallet);
        appender.appendBigInt(before === null ? NO_FENCE : BigInt(before));
        appender.endRow();
      }
      appender.closeSync();
      return {
        async in(paths) {
          if (paths.length === 0) return [];
          const list = paths.map(text).join(', ');
          const reader = await connection.runAndReadAll(
            `SELECT DISTINCT filename
             FROM read_parquet([${list}], filename = true, hive_partitioning = false, union_by_name = true) AS r
             WHERE ${THEIRS} ORDER BY 1`,
          );
          return reader.getRowsJS().map(([path]) => String(path));
        },
        async takenFrom(from, to) {
          const rows = `FROM read_parquet(${text(from)}, hive_partitioning = false) AS r WHERE NOT ${THEIRS}`;
          const reader = await connection.runAndReadAll(`SELECT count(*)::INTEGER ${rows}`);
          const left = Number(reader.getRowsJS()[0]?.[0]);
          if (left > 0) await connection.run(`COPY (SELECT r.* ${rows} ORDER BY origin, slot) TO ${text(to)} ${how}`);
          return left;
        },
      };
    },

    async close() {
      if (opened) (await opened).close();
      opened = undefined;
    },
  };
}

async function append(
  connection: DuckDBConnection,
  groups: readonly (readonly ExportRow[])[],
  scopes: readonly string[],
): Promise<void> {
  const appender = await connection.createAppender('buffer');
  const textOrNull = (value: string | null | undefined) =>
    value === null || value === undefined ? appender.appendNull() : appender.appendVarchar(value);
  for (const [file, rows] of groups.entries()) {
    for (const row of rows) {
      appender.appendInteger(file);
      appender.appendVarchar(row.wallet);
      appender.appendVarchar(row.batchId);
      appender.appendVarchar(row.eventId);
      appender.appendVarchar(row.type);
      appender.appendTimestampTZ(new DuckDBTimestampTZValue(BigInt(row.time) * 1000n));
      textOrNull(row.session);
      textOrNull(row.blob);
      appender.appendVarchar(row.signer);
      appender.appendVarchar(row.source);
      appender.appendBigInt(BigInt(row.seq));
      appender.appendInteger(row.slot);
      appender.appendBigInt(BigInt(row.origin));
      appender.appendInteger(row.partition);
      for (const scope of scopes) textOrNull(row.scopes[scope]);
      appender.endRow();
    }
  }
  appender.closeSync();
}
