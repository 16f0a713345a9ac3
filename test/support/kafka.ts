import { randomBytes } from 'node:crypto';
import { newKafka } from '../../connectors/kafka/client.ts';
import type { KafkaLog, KafkaOptions } from '../../connectors/kafka/index.ts';

/** Keeps what a connector logs, for tests that look at it; prints nothing. */
function quietLog(): KafkaLog & { lines: string[] } {
  const lines: string[] = [];
  const note = (_fields: object, message: string) => void lines.push(message);
  return { lines, warn: note, error: note };
}

/** The brokers of the stack that the suite runs against. */
export function brokers(): string[] {
  const list = process.env.KAFKA_BROKERS;
  if (!list) throw new Error('KAFKA_BROKERS is not set: start the tests with `npm test`, which starts a stack');
  return list.split(',');
}

export function kafkaOptions(log: KafkaLog = quietLog()): KafkaOptions {
  return { brokers: brokers(), clientId: 'test', log };
}

/** A name that no other suite uses. */
export const uniqueName = (stem: string) => `${stem}-${randomBytes(6).toString('hex')}`;

/** kafkajs itself, for what tests do to a broker. */
export const rawKafka = () => newKafka(kafkaOptions());

/** Creates a topic of its own for a suite. */
export async function createTopic(partitions: number, config: Record<string, string> = {}): Promise<string> {
  const topic = uniqueName('t');
  const admin = rawKafka().admin();
  await admin.connect();
  try {
    const configEntries = Object.entries({ 'max.message.bytes': '3145728', ...config }).map(([name, value]) => ({
      name,
      value,
    }));
    await admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
    });
  } finally {
    await admin.disconnect();
  }
  return topic;
}
