import { createKafkaLookup, createKafkaWriter, type KafkaLookup, readLogId } from '../connectors/kafka/index.ts';
import { createAdmission } from '../connectors/postgres/admission.ts';
import { openDatabase } from '../connectors/postgres/database.ts';
import { createIndexStore } from '../connectors/postgres/index-store.ts';
import { createPositions } from '../connectors/postgres/positions.ts';
import { createRegistryCodecs } from '../connectors/registry/index.ts';
import { toHex } from '../protocol/index.ts';
import { batchesDead } from '../topics/batches-dead.ts';
import { batchesReceived } from '../topics/batches-received.ts';
import { type Topic, withPrefix } from '../topics/define-topic.ts';
import { log as logTopic } from '../topics/log.ts';
import type { DeadLetterPorts } from './dlq.ts';
import { needed } from './needed.ts';

const tell = (what: string): void => void process.stderr.write(`ddc: ${what}\n`);
const log = {
  warn: (_fields: object, message: string) => tell(message),
  error: (_fields: object, message: string) => tell(message),
};

export interface OperatorPorts extends DeadLetterPorts {
  readonly lookup: KafkaLookup;
  /** A topic's full name in this deployment. */
  named(topic: Topic<unknown>): string;
}

/** Runs an operator's command with the log and the positions that the environment names. */
export async function withLog<T>(use: (ports: OperatorPorts, partitions: number) => Promise<T>): Promise<T> {
  const { DDC_TOPIC_PREFIX = '' } = process.env;
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL } = needed(
    'KAFKA_BROKERS',
    'SCHEMA_REGISTRY_URL',
    'DATABASE_URL',
  );
  const kafka = { brokers: KAFKA_BROKERS.split(','), clientId: 'ddc-operator', log };
  const lookup = createKafkaLookup(kafka);
  const writer = createKafkaWriter(kafka);
  const db = openDatabase(DATABASE_URL, { connections: 2 });
  try {
    const codecs = createRegistryCodecs({ url: SCHEMA_REGISTRY_URL });
    const dead = withPrefix(DDC_TOPIC_PREFIX, batchesDead);
    const received = withPrefix(DDC_TOPIC_PREFIX, batchesReceived);
    const ids = withPrefix(DDC_TOPIC_PREFIX, logTopic);
    const logId = await readLogId(lookup, await codecs.for(ids), ids.name);
    const ports: OperatorPorts = {
      lookup,
      named: (topic) => withPrefix(DDC_TOPIC_PREFIX, topic).name,
      writer,
      positions: createPositions(db, logId),
      admission: createAdmission(db),
      index: createIndexStore(db, logId, ({ what, partition, origin, batchId }) =>
        tell(
          `batch ${toHex(batchId)} at origin ${origin} of partition ${partition} clashes with another's ${what}; the first stays`,
        ),
      ),
      codecs: {
        dead: await codecs.for(dead),
        received: await codecs.for(received),
      },
      topics: { dead: dead.name, received: received.name },
    };
    return await use(ports, await lookup.partitions(received.name));
  } finally {
    await Promise.all([lookup.close(), writer.close(), db.close()]);
  }
}
