import { z } from 'zod';
import { defineSink } from '../../services/pipeline/define-sink.ts';
import { kafkaSink } from './kafka/kafka-sink.ts';
import { beginsOwnTopic } from './kafka/topics.ts';
import { kafkaTrial } from './kafka/trial.ts';

const DAY_MS = 86_400_000;

const config = z.strictObject({
  brokers: z
    .array(z.string().min(1))
    .min(1)
    .describe('Brokers of the target, `host:port`; it may be the cluster of the DDC itself.'),
  registry: z.url().describe('Schema registry of the target: base of its Confluent API.'),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,150}$/)
    .refine((prefix) => !beginsOwnTopic(prefix), 'would name topics of the DDC itself, such as `ddc.batches.received`')
    .describe('Names of topics begin with it: rows of table `t` are in `<prefix>.t`. Each export has its own.'),
  partitions: z
    .int()
    .min(1)
    .max(1_000)
    .default(4)
    .describe('Of each topic: as many as the batch topics have. Never changed later.'),
  copies: z.int().min(1).max(9).default(3).describe('Replicas of each topic; fewer where there are fewer brokers.'),
  retentionMs: z.int().min(1).nullable().default(null).describe('How long rows are kept; null: for ever.'),
  compactWithinMs: z
    .int()
    .min(1_000)
    .default(DAY_MS)
    .describe('A removed row may stay on the brokers’ disks so long, and until their cleaner comes by.'),
  noticeMs: z
    .int()
    .min(1_000)
    .default(7 * DAY_MS)
    .describe(
      'How long tombstones and the records of `<prefix>-removed` are kept: consumers must not be further behind.',
    ),
});

export default defineSink({
  name: 'kafka',
  summary:
    'A topic `<prefix>.<table>` per table: Avro in the registry (subject `<topic>-value`), CloudEvents headers, key `<wallet>/<batch id>/<slot>`, our partition. Exactly once for consumers with `isolation.level=read_committed`. A removed row gets a tombstone, and a record in `<prefix>-removed`.',
  config,
  members: {
    ...{ brokers: 'place', prefix: 'place', registry: 'free', partitions: 'free', copies: 'free' },
    ...{ retentionMs: 'free', compactWithinMs: 'free', noticeMs: 'free' },
  },
  create: kafkaSink,
  trial: kafkaTrial,
});
