import { Kafka, logLevel } from 'kafkajs';

/** Deletes the records of a topic below these offsets, by partition, as retention would. */
export async function emptyTopic(brokers: readonly string[], topic: string, ends: readonly number[]): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  // Deleting needs the metadata that this loads.
  await admin.fetchTopicOffsets(topic);
  const partitions = ends.map((end, partition) => ({ partition, offset: String(end) }));
  await admin.deleteTopicRecords({ topic, partitions });
  await admin.disconnect();
}
