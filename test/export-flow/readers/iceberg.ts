import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { rowsOf } from '../../engines/lake.ts';
import { type RunningConnect, startConnect } from '../../support/engines/connect.ts';
import type { RunningSpark } from '../../support/engines/spark.ts';
import { rawKafka, uniqueName } from '../../support/kafka.ts';
import { consumeAll } from '../../support/kafka-consumed.ts';
import { FLOW_TYPES } from '../types.ts';
import type { Output, Reader } from './reader.ts';
import { topicOf } from './spark.ts';
import { sparkAnswer, sparkSql } from './spark-answer.ts';

/** Iceberg tables of one export: a namespace, and a table for each topic. */
const tableOf = ({ config }: Output, table: string): string =>
  `${String(config.prefix).replaceAll('-', '_')}.${table.toLowerCase()}`;

/** A worker with Iceberg's sink as it is shipped, one for each topic. */
async function connected(output: Output, warehouse: string): Promise<RunningConnect> {
  const control = uniqueName('iceberg-control');
  const admin = rawKafka().admin();
  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: control, numPartitions: 1 }] });
  await admin.disconnect();
  const [first] = FLOW_TYPES.map(({ table }) => topicOf(output, table.name));
  const { brokers = '', registry = '' } = first ?? {};
  return startConnect(
    FLOW_TYPES.map(({ table }) => ({
      file: 'iceberg-sink',
      over: {
        name: uniqueName('iceberg'),
        topics: topicOf(output, table.name).topic,
        'iceberg.tables': tableOf(output, table.name),
      },
    })),
    {
      ...{ KAFKA_BROKERS: brokers, APICURIO_URL: registry.replace(/\/ccompat\/v7\/?$/, '/registry/v2') },
      ...{ DDC_TOPIC: '', ICEBERG_TABLE: '', ICEBERG_WAREHOUSE: `file://${warehouse}` },
      ...{ ICEBERG_CONTROL_TOPIC: control, ICEBERG_COMMIT_MS: '5000' },
    },
  );
}

/**
 * Kafka Connect brings the topics to Iceberg, each row that they have, the removed ones, too; then `remove_from_iceberg.py` takes those out, and
 * Spark reads. The whole way on each reading, into a folder of its own.
 * @param warehouse of the catalog `lake` of that Spark
 */
export const icebergReader = (spark: RunningSpark, warehouse: string): Reader => ({
  name: 'iceberg',
  sinks: ['kafka'],
  async read(output) {
    await mkdir(warehouse, { recursive: true });
    const connect = await connected(output, warehouse);
    try {
      for (const { table } of FLOW_TYPES) {
        const records = await consumeAll(topicOf(output, table.name).topic);
        const written = records.filter(({ value }) => value !== null).length;
        const folder = join(warehouse, ...tableOf(output, table.name).split('.'));
        const name = `${tableOf(output, table.name)} has ${written} rows`;
        await connect.until(name, async () => (await rowsOf(folder)) === written);
      }
    } finally {
      await connect.close();
    }
    return sparkAnswer(async (type) => {
      const table = `lake.${tableOf(output, type.table.name)}`;
      const removed = `${output.config.prefix}-removed`;
      await spark.run('remove_from_iceberg.py', { ...topicOf(output, type.table.name), removed, table, warehouse });
      return spark.run('read_iceberg.py', { warehouse, sql: sparkSql(type, table, 'microseconds') });
    });
  },
});
