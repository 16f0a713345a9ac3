import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { HeldRow } from '../../../services/pipeline/ports/sink.ts';
import type { FileFormat, PlannedWrite } from '../folder/folder-sink.ts';
import type { Merging } from '../folder/merging.ts';
import { selectedBy } from '../folder/selected-rows.ts';
import { text } from './names.ts';
import { rowBuffer } from './row-buffer.ts';

export interface ParquetOptions {
  readonly compression: 'zstd' | 'snappy';
}

const NO_FENCE = 2n ** 63n - 1n;
/** Files that are looked through together. */
const FILES = 200;

/** Parquet through DuckDB, in memory and on one thread: the rooms share the machine's cores. */
export function parquetFormat({ compression }: ParquetOptions): FileFormat & Merging {
  const how = `(FORMAT parquet, COMPRESSION ${compression})`;
  let opened: ReturnType<typeof open> | undefined;

  async function open() {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run('CREATE TABLE unwanted (wallet VARCHAR, before BIGINT)');
    await connection.run('CREATE TABLE selected (file VARCHAR, batch_id VARCHAR, slot INTEGER, by_n INTEGER)');
    return {
      instance,
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

  /** One of its own: what is read in pieces would end with the next statement. */
  async function anotherConnection(): Promise<DuckDBConnection> {
    opened ??= open();
    return (await opened).instance.connect();
  }

  /** A join: a condition an owner would take time with the square of the owners. No fence is above every origin. */
  const THEIRS = 'EXISTS (FROM unwanted u WHERE u.wallet = r.wallet AND r.origin < u.before)';

  async function copyWithout(connection: DuckDBConnection, those: string, from: string, to: string): Promise<number> {
    const rows = `FROM read_parquet(${text(from)}, hive_partitioning = false) AS r WHERE NOT ${those}`;
    const reader = await connection.runAndReadAll(`SELECT count(*)::INTEGER ${rows}`);
    const left = Number(reader.getRowsJS()[0]?.[0]);
    if (left > 0) await connection.run(`COPY (SELECT r.* ${rows} ORDER BY origin, slot) TO ${text(to)} ${how}`);
    return left;
  }

  return {
    extension: '.parquet',

    async write(files) {
      const connection = await connect();
      for (const [table, ofTable] of byTable(files)) {
        const buffer = await rowBuffer(connection, table);
        for (const { path, rows } of ofTable) {
          await buffer.fill(rows);
          await connection.run(`COPY ${buffer.rows} TO ${text(path)} ${how}`);
        }
        await buffer.drop();
      }
    },

    async merge(from, to) {
      const connection = await connect();
      // By name: the columns of `events` follow the scopes of the export, which may have changed.
      const rows = `FROM read_parquet([${from.map(text).join(', ')}], hive_partitioning = false, union_by_name = true)`;
      await connection.run(`COPY (${rows}) TO ${text(to)} ${how}`);
    },

    async *read(path, app) {
      const connection = await anotherConnection();
      try {
        const result = await connection.stream(
          `SELECT ${HELD} FROM read_parquet(${text(path)}, hive_partitioning = false)`,
        );
        for await (const rows of result.yieldRowsJs()) yield rows.map((row) => heldRow(app, row));
      } finally {
        connection.closeSync();
      }
    },

    async find(owners) {
      const connection = await connect();
      await connection.run('DELETE FROM unwanted');
      const appender = await connection.createAppender('unwanted');
      for (const { wallet, before } of owners) {
        appender.appendVarchar(wallet);
        appender.appendBigInt(BigInt(before));
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
          const going = `FROM read_parquet(${text(from)}, hive_partitioning = false) AS r WHERE ${THEIRS}`;
          const reader = await connection.runAndReadAll(`SELECT wallet, count(*)::INTEGER ${going} GROUP BY wallet`);
          const counts = new Map(reader.getRowsJS().map(([wallet, count]) => [String(wallet), Number(count)]));
          const left = await copyWithout(connection, THEIRS, from, to);
          return { left, taken: owners.map(({ wallet }) => counts.get(wallet) ?? 0) };
        },
      };
    },

    async findSelected(app, selections) {
      const connection = await connect();
      await connection.run('DELETE FROM selected');
      await connection.run('DELETE FROM unwanted');
      const appender = await connection.createAppender('unwanted');
      for (const wallet of new Set(selections.map((one) => one.wallet))) {
        appender.appendVarchar(wallet);
        appender.appendBigInt(NO_FENCE);
        appender.endRow();
      }
      appender.closeSync();
      const by = selectedBy(app, selections);
      return {
        async in(paths) {
          const found = new Set<string>();
          for (let at = 0; at < paths.length; at += FILES) {
            const rows = await rowsOfWallets(connection, app, paths.slice(at, at + FILES), THEIRS);
            const chosen = await connection.createAppender('selected');
            for (const { file, batchId, slot, ...row } of rows) {
              const n = by(row);
              if (n === null) continue;
              found.add(file);
              chosen.appendVarchar(file);
              chosen.appendVarchar(batchId);
              chosen.appendInteger(slot);
              chosen.appendInteger(n);
              chosen.endRow();
            }
            chosen.closeSync();
          }
          return [...found].sort();
        },
        async takenFrom(from, to) {
          const file = text(from);
          const these = `EXISTS (FROM selected s WHERE s.file = ${file} AND s.batch_id = r.batch_id AND s.slot = r.slot)`;
          const left = await copyWithout(connection, these, from, to);
          const reader = await connection.runAndReadAll(
            `SELECT by_n, count(*)::INTEGER FROM selected WHERE file = ${file} GROUP BY by_n`,
          );
          const counts = new Map(reader.getRowsJS().map(([n, count]) => [Number(n), Number(count)]));
          return { left, taken: selections.map((_, n) => counts.get(n) ?? 0) };
        },
      };
    },

    async close() {
      if (opened) (await opened).close();
      opened = undefined;
    },
  };
}

/** What `heldRow` reads. */
const HELD =
  'wallet, batch_id, slot, event_id, epoch_ms(time)::DOUBLE, session, epoch_ms(issued_at)::DOUBLE, origin::DOUBLE';

function heldRow(app: string, row: readonly unknown[]): HeldRow {
  const [wallet, batchId, slot, eventId, time, session, issuedAt, origin] = row;
  return {
    ...{ app, wallet: String(wallet), batchId: String(batchId), slot: Number(slot), eventId: String(eventId) },
    ...{ time: Number(time), session: session === null ? null : String(session) },
    ...{ issuedAt: Number(issuedAt), origin: Number(origin) },
  };
}

interface FoundRow extends HeldRow {
  readonly file: string;
}

/** Rows of the wallets in `unwanted`. */
async function rowsOfWallets(
  connection: DuckDBConnection,
  app: string,
  paths: readonly string[],
  theirs: string,
): Promise<FoundRow[]> {
  const files = `read_parquet([${paths.map(text).join(', ')}], filename = true, hive_partitioning = false, union_by_name = true)`;
  const reader = await connection.runAndReadAll(`SELECT filename, ${HELD} FROM ${files} AS r WHERE ${theirs}`);
  return reader.getRowsJS().map(([file, ...row]) => ({ ...heldRow(app, row), file: String(file) }));
}

function byTable(files: readonly PlannedWrite[]): Map<PlannedWrite['table'], PlannedWrite[]> {
  const tables = new Map<PlannedWrite['table'], PlannedWrite[]>();
  for (const file of files) {
    const known = tables.get(file.table);
    if (known) known.push(file);
    else tables.set(file.table, [file]);
  }
  return tables;
}
