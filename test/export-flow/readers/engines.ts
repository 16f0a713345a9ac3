import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSpark } from '../../support/engines/spark.ts';
import { icebergReader } from './iceberg.ts';
import type { Reader } from './reader.ts';
import { sparkReaders } from './spark.ts';

/** Readers that need engines of their own. */
export interface EngineReaders {
  readonly readers: readonly Reader[];
  close(): Promise<void>;
}

/** @param s3 `http://<key>:<secret>@<host>:<port>/…`, where the outputs are that are in S3 */
export async function startEngineReaders(s3: string): Promise<EngineReaders> {
  const scratch = await mkdtemp(join(tmpdir(), 'ddc-flow-engines-'));
  const warehouse = join(scratch, 'lake');
  const { origin, username, password } = new URL(s3);
  const spark = await startSpark({
    'spark.hadoop.fs.s3a.endpoint': origin,
    'spark.hadoop.fs.s3a.path.style.access': 'true',
    'spark.hadoop.fs.s3a.access.key': username,
    'spark.hadoop.fs.s3a.secret.key': password,
    // What must be known when Spark starts: the scripts say it too, and find it started.
    'spark.sql.extensions': 'org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions',
    'spark.sql.catalog.lake': 'org.apache.iceberg.spark.SparkCatalog',
    'spark.sql.catalog.lake.type': 'hadoop',
    'spark.sql.catalog.lake.warehouse': warehouse,
    // Others write to its tables.
    'spark.sql.catalog.lake.cache-enabled': 'false',
  });
  return {
    readers: [...sparkReaders(spark), icebergReader(spark, warehouse)],
    async close() {
      await spark.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}
