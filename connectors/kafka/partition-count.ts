import { FatalError } from '../../services/pipeline/errors.ts';
import { type KafkaOptions, newKafka } from './client.ts';
import { toPortError } from './kafka-errors.ts';

/** How many partitions a topic has. @throws FatalError `topic_missing` when it does not exist */
export async function partitionCount(options: KafkaOptions, topic: string): Promise<number> {
  const admin = newKafka(options).admin();
  try {
    await admin.connect();
    // Asking for the metadata of one topic that is missing would retry for seconds.
    if (!(await admin.listTopics()).includes(topic)) {
      throw new FatalError('topic_missing', `There is no topic ${topic}: create the topics with \`ddc topics apply\`.`);
    }
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics.reduce((sum, { partitions }) => sum + partitions.length, 0);
  } catch (error) {
    throw error instanceof FatalError ? error : toPortError(error, `partitions of ${topic}`);
  } finally {
    await admin.disconnect();
  }
}
