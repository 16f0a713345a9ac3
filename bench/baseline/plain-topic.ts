import { Kafka, logLevel } from 'kafkajs';

/** Frozen: a topic for the baselines, four partitions like ours. */
export async function createPlainTopic(brokers: readonly string[], topic: string): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  const configEntries = [{ name: 'max.message.bytes', value: String(3 * 1024 * 1024) }];
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 4, configEntries }] });
  await admin.disconnect();
}
