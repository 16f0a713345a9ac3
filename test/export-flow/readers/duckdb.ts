import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { duckColumn } from '../../../connectors/sinks/duckdb/column-type.ts';
import { name, text } from '../../../connectors/sinks/duckdb/names.ts';
import { seenRows } from '../../../connectors/sinks/duckdb/seen-rows.ts';
import ndjson from '../../../connectors/sinks/ndjson.ts';
import { s3Client } from '../../../connectors/sinks/s3/client.ts';
import { downloadAll } from '../../../connectors/sinks/s3/data.ts';
import { s3Store } from '../../../connectors/sinks/s3/s3-store.ts';
import { sumName, toldSum } from '../sums.ts';
import { FLOW_TYPES, type FlowType, type Sum } from '../types.ts';
import { type Reader, textsOf } from './reader.ts';

const tables = FLOW_TYPES.map(({ table }) => table);

const summed = ({ column, member }: Sum): string =>
  member === undefined ? `sum(${name(column)})` : `sum(list_sum([one.${name(member)} FOR one IN ${name(column)}]))`;

/** What SQL makes of the files of each table. @param source how a glob is read; null: there are none */
async function aggregates(
  folder: string,
  extension: string,
  source: (type: FlowType, glob: string) => string,
  sums = (_: Sum) => true,
) {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const [counts, added] = [new Map<string, number>(), new Map<string, string>()];
  try {
    for (const type of FLOW_TYPES) {
      const glob = text(join(folder, type.table.name, 'app=*', 'dt=*', `*${extension}`));
      const wanted = type.sums.filter(sums);
      const isThere = (await one(connection, `SELECT count(*)::INTEGER FROM glob(${glob})`))[0] !== 0;
      const told = isThere
        ? await one(
            connection,
            `SELECT ${['count(*)', ...wanted.map(summed)].map((sql) => `${sql}::VARCHAR`).join(', ')} FROM ${source(type, glob)}`,
          )
        : [];
      counts.set(type.table.name, Number(told[0] ?? 0));
      for (const [i, sum] of wanted.entries()) added.set(sumName(type, sum), toldSum(told[i + 1], sum));
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  return { counts, sums: added };
}

async function one(connection: DuckDBConnection, sql: string): Promise<readonly unknown[]> {
  return (await connection.runAndReadAll(sql)).getRowsJS()[0] ?? [];
}

const parquet = (folder: string) =>
  aggregates(folder, '.parquet', (_, glob) => `read_parquet(${glob}, union_by_name = true)`);

export const duckdbParquet: Reader = {
  name: 'duckdb',
  sinks: ['parquet'],
  async read({ config }) {
    const folder = String(config.folder);
    return { rows: textsOf(await seenRows(folder, tables)), ...(await parquet(folder)) };
  },
};

/** DuckDB's own S3 client is an extension that is fetched from elsewhere: objects are fetched with AWS's, then it is DuckDB's turn. */
export const duckdbS3: Reader = {
  name: 'duckdb',
  sinks: ['s3-parquet'],
  async read({ config, scratch }) {
    const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(String(config.target)) ?? [];
    const keys = { accessKeyId: String(config.accessKeyId), secretAccessKey: String(config.secretAccessKey) };
    const client = s3Client({ endpoint: String(config.endpoint), region: 'us-east-1', keys, timeoutMs: 60_000 });
    const store = s3Store(client, bucket, `${prefix}/`);
    try {
      await downloadAll(store, scratch);
    } finally {
      store.close();
    }
    return { rows: textsOf(await seenRows(scratch, tables)), ...(await parquet(scratch)) };
  },
};

/** What DuckDB is told of the columns that it adds up. */
const columnsOf = ({ table, sums }: FlowType): string => {
  const used = table.columns.filter((column) => sums.some((sum) => sum.column === column.name));
  const types = used.map((column) => `${text(column.name)}: ${text(String(duckColumn(column.type).type))}`);
  return `{'event_id': 'VARCHAR'${types.map((one) => `, ${one}`).join('')}}`;
};

export const duckdbNdjson: Reader = {
  name: 'duckdb',
  sinks: ['ndjson'],
  async read({ config }) {
    const folder = String(config.folder);
    const trial = await ndjson.trial(folder, async () => '');
    const source = (type: FlowType, glob: string) =>
      `read_json(${glob}, format = 'newline_delimited', columns = ${columnsOf(type)})`;
    return {
      rows: textsOf(await trial.rows(tables)),
      // It reads numbers with a point as doubles.
      ...(await aggregates(folder, '.ndjson', source, ({ isSmall, scale }) => isSmall || scale === 0)),
    };
  },
};
