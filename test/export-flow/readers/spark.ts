import type { RunningSpark } from '../../support/engines/spark.ts';
import type { Output, Reader } from './reader.ts';
import { sparkAnswer, sparkSql } from './spark-answer.ts';

/** Where the topic of a table is. */
export const topicOf = ({ config }: Output, table: string) => ({
  brokers: String(config.brokers),
  registry: String(config.registry),
  topic: `${config.prefix}.${table}`,
});

/** Parquet, in a folder or in S3. */
const files = (spark: RunningSpark, sink: string, base: (output: Output) => string): Reader => ({
  name: 'pyspark',
  sinks: [sink],
  read: (output) =>
    sparkAnswer((type) =>
      spark.run('read_parquet.py', { path: `${base(output)}/${type.table.name}`, sql: sparkSql(type, 'rows') }),
    ),
});

/** PySpark, by the scripts of `examples/spark` as they are shipped. */
export const sparkReaders = (spark: RunningSpark): Reader[] => [
  files(spark, 'parquet', ({ config }) => String(config.folder)),
  files(spark, 's3-parquet', ({ config }) => String(config.target).replace(/^s3:/, 's3a:')),
  {
    name: 'pyspark',
    sinks: ['kafka'],
    read: (output) =>
      sparkAnswer((type) =>
        spark.run('read_topic.py', { ...topicOf(output, type.table.name), sql: sparkSql(type, 'rows') }),
      ),
  },
];
