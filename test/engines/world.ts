import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestDatabase } from '../support/database.ts';
import { runSpark } from '../support/engines/spark.ts';
import { brokers, uniqueName } from '../support/kafka.ts';
import { consumeAll } from '../support/kafka-consumed.ts';
import { startS3 } from '../support/s3.ts';
import { type Figures, sparkFigures } from './figures.ts';
import { type JdbcEngine, startJdbc } from './jdbc.ts';
import { bytesLeft, type LakeEngine, startLake } from './lake.ts';
import { fillSource, type Source } from './source.ts';

const TABLE = 'ddc.sale';

/** A source, and the engines that read what its sinks have written. */
export interface EnginesWorld {
  readonly source: Source;
  readonly jdbc: JdbcEngine;
  readonly lake: LakeEngine;
  /** What each way of Spark's finds, by its name. */
  readonly spark: Readonly<Record<'topic' | 'stream' | 'folder' | 's3' | 'lake', () => Promise<Figures>>>;
  /** Deletes from the table of `lake` what was removed. @returns how many rows */
  removeFromLake(): Promise<unknown>;
  /** Rows of wallets that the source has erased, in all files of `lake`. */
  erasedInLake(): Promise<number>;
  /** Records with a value, as whoever does not ask for committed ones reads them. */
  uncommitted(): Promise<number>;
  close(): Promise<void>;
}

/** @param count rows that the source has at first */
export async function enginesWorld(count: number): Promise<EnginesWorld> {
  const closing: (() => Promise<unknown>)[] = [];
  const keep = async <T extends { close(): Promise<unknown> }>(opening: Promise<T>): Promise<T> => {
    const opened = await opening;
    closing.push(() => opened.close());
    return opened;
  };
  const close = async () => {
    for (const one of closing.reverse()) await one();
  };
  try {
    return { ...(await openedWorld(count, keep, closing)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openedWorld(
  count: number,
  keep: <T extends { close(): Promise<unknown> }>(opening: Promise<T>) => Promise<T>,
  closing: (() => Promise<unknown>)[],
): Promise<Omit<EnginesWorld, 'close'>> {
  const scratch = await mkdtemp(join(tmpdir(), 'ddc-engines-'));
  closing.push(() => rm(scratch, { recursive: true, force: true }));
  const store = await keep(startS3());
  const database = await keep(openTestDatabase('engines'));
  const registry = process.env.SCHEMA_REGISTRY_URL ?? '';
  const prefix = uniqueName('engines');
  const folder = join(scratch, 'parquet');
  const targets = {
    ...{ folder, kafka: { brokers: brokers(), registry, prefix } },
    s3: { target: `s3://${store.bucket}/engines`, endpoint: store.endpoint, ...store.keys },
  };
  const source = await keep(fillSource(targets, count));

  const topic = { brokers: brokers().join(), registry, topic: `${prefix}.sale` };
  const env = { KAFKA_BROKERS: topic.brokers, APICURIO_URL: registry.replace(/\/ccompat\/v7\/?$/, '/registry/v2') };
  const connected = { table: `lake.${TABLE}`, warehouse: join(scratch, 'lake') };
  const streamed = { table: `lake.${TABLE}`, warehouse: join(scratch, 'streamed') };
  const jdbc = await keep(startJdbc(env, topic.topic, database));
  const lake = await keep(startLake(env, topic.topic, { warehouse: connected.warehouse, table: TABLE }));

  const asked = async (...spark: Parameters<typeof runSpark>) =>
    (await runSpark(...spark)).rows[0] as unknown as Figures;
  const s3 = {
    'spark.hadoop.fs.s3a.endpoint': store.endpoint,
    'spark.hadoop.fs.s3a.path.style.access': 'true',
    'spark.hadoop.fs.s3a.access.key': store.keys.accessKeyId,
    'spark.hadoop.fs.s3a.secret.key': store.keys.secretAccessKey,
  };
  const sql = sparkFigures('rows');
  return {
    ...{ source, jdbc, lake },
    spark: {
      topic: () => asked('read_topic.py', { ...topic, sql }),
      async stream() {
        await runSpark('stream_topic.py', {
          ...topic,
          ...streamed,
          checkpoint: join(scratch, 'checkpoint'),
          once: true,
        });
        return asked('read_iceberg.py', { warehouse: streamed.warehouse, sql: sparkFigures(streamed.table) });
      },
      folder: () => asked('read_parquet.py', { path: join(folder, 'sale'), sql }),
      s3: () => asked('read_parquet.py', { path: `s3a://${store.bucket}/engines/sale`, sql }, s3),
      lake: () =>
        asked('read_iceberg.py', {
          warehouse: connected.warehouse,
          sql: sparkFigures(connected.table, 'microseconds'),
        }),
    },
    async removeFromLake() {
      const done = await runSpark('remove_from_iceberg.py', { ...topic, ...connected, removed: `${prefix}-removed` });
      return done.rows[0]?.deleted_rows;
    },
    erasedInLake: () => bytesLeft(connected.warehouse, source.erased),
    uncommitted: async () =>
      (await consumeAll(topic.topic, 'uncommitted')).filter(({ value }) => value !== null).length,
  };
}
