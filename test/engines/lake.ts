import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { startConnect } from '../support/engines/connect.ts';
import { rawKafka, uniqueName } from '../support/kafka.ts';

/** Iceberg's sink, from the topic to a table in a folder. */
export interface LakeEngine {
  /** Once the table's current snapshot has so many rows. */
  reached(count: number): Promise<void>;
  /** `kill -9` of the worker, and a new start. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** @param env the variables that the worker names; @param table `<namespace>.<table>` */
export async function startLake(
  env: Readonly<Record<string, string>>,
  topic: string,
  { warehouse, table }: { readonly warehouse: string; readonly table: string },
): Promise<LakeEngine> {
  const control = uniqueName('iceberg-control');
  const admin = rawKafka().admin();
  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: control, numPartitions: 1 }] });
  await admin.disconnect();
  const connect = await startConnect([{ file: 'iceberg-sink', over: { name: uniqueName('iceberg') } }], {
    ...env,
    ...{ DDC_TOPIC: topic, ICEBERG_TABLE: table, ICEBERG_WAREHOUSE: `file://${warehouse}` },
    ...{ ICEBERG_CONTROL_TOPIC: control, ICEBERG_COMMIT_MS: '5000' },
  });
  return {
    reached: (count) =>
      connect.until(
        `the table has ${count} rows`,
        async () => (await rowsOf(join(warehouse, ...table.split('.')))) === count,
      ),
    restart: () => connect.restart(),
    close: () => connect.close(),
  };
}

interface Metadata {
  readonly 'current-snapshot-id'?: number;
  readonly snapshots?: readonly { readonly 'snapshot-id': number; readonly summary: Record<string, string> }[];
}

/** Rows of the current snapshot of a table in a folder. */
export async function rowsOf(folder: string): Promise<number> {
  const hint = join(folder, 'metadata/version-hint.text');
  if (!existsSync(hint)) return 0;
  const version = (await readFile(hint, 'utf8')).trim();
  const metadata = JSON.parse(await readFile(join(folder, `metadata/v${version}.metadata.json`), 'utf8')) as Metadata;
  const current = metadata.snapshots?.find((one) => one['snapshot-id'] === metadata['current-snapshot-id']);
  return Number(current?.summary['total-records'] ?? 0);
}

/** How many rows of these wallets are in any Parquet file below a folder, whether it counts or not. */
export async function bytesLeft(folder: string, wallets: readonly string[]): Promise<number> {
  const inside = await readdir(folder, { recursive: true });
  const files = inside.filter((name) => name.endsWith('.parquet')).map((name) => join(folder, name));
  if (files.length === 0) return 0;
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const quoted = (texts: readonly string[]) => texts.map((text) => `'${text}'`).join(', ');
    const found = await connection.runAndReadAll(
      `SELECT count(*)::INTEGER FROM read_parquet([${quoted(files)}], union_by_name = true) WHERE wallet IN (${quoted(wallets)})`,
    );
    return Number(found.getRows()[0]?.[0]);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
