import { setTimeout as pause } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { FatalError } from '../../services/pipeline/errors.ts';
import { topics } from '../../topics/index.ts';
import { CONNECT_TIMEOUT_MS, type KafkaOptions, newKafka } from './client.ts';
import { withDeadline } from './deadline.ts';
import { refusalOf, toPortError } from './kafka-errors.ts';

export interface ForeignTopic {
  readonly name: string;
  readonly partitions: number;
  /** Copies; fewer where there are fewer brokers. */
  readonly copies: number;
  readonly settings: Readonly<Record<string, string>>;
}

const LOOK_MS = 20;

/**
 * Whether a topic is one of a deployment, whatever DDC_TOPIC_PREFIX that has: another one on the same Kafka would read what is written there as
 * its own, too.
 */
export const isOwnTopic = (name: string): boolean => topics.some((own) => name.endsWith(own.name));

/**
 * Creates a topic outside our own log, such as a target of exports, where it is missing.
 * @throws FatalError `topic_partitions` where it has others, `own_topic` where it is none of outside
 */
export async function ensureTopic(options: KafkaOptions, topic: ForeignTopic): Promise<void> {
  if (isOwnTopic(topic.name))
    throw new FatalError(
      'own_topic',
      `${topic.name} is the name of a topic of the DDC, and nothing else is written there: use another prefix.`,
    );
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, log } = options;
  const admin = newKafka(options).admin();
  const make = async () => {
    const known = await partitionsOf(admin, topic.name);
    if (known > 0) return known;
    const copies = Math.min(topic.copies, (await admin.describeCluster()).brokers.length);
    const settings = { ...topic.settings, 'min.insync.replicas': copies >= 3 ? '2' : '1' };
    // Answers false where somebody else was faster. That all brokers know of a topic takes longer than that it is there.
    await admin.createTopics({
      waitForLeaders: false,
      timeout: 15_000,
      topics: [
        {
          topic: topic.name,
          numPartitions: topic.partitions,
          replicationFactor: copies,
          configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
        },
      ],
    });
    for (;;) {
      const made = await partitionsOf(admin, topic.name);
      if (made > 0) return made;
      await pause(LOOK_MS);
    }
  };
  try {
    await withDeadline(admin.connect(), connectTimeoutMs, 'connecting to Kafka');
    const found = await withDeadline(make(), 4 * connectTimeoutMs, `creating ${topic.name}`);
    if (found === topic.partitions) return;
    throw new FatalError('topic_partitions', `Topic ${topic.name} has ${found} partitions, not ${topic.partitions}.`);
  } catch (error) {
    throw toPortError(error, `creating ${topic.name}`);
  } finally {
    await withDeadline(admin.disconnect(), connectTimeoutMs, 'disconnecting').catch((error: unknown) =>
      log.warn({ err: error }, 'an admin connection did not close cleanly'),
    );
  }
}

/** 0 while it is not there, or has no leaders yet. */
async function partitionsOf(admin: Admin, name: string): Promise<number> {
  try {
    const found = await admin.fetchTopicMetadata({ topics: [name] });
    const partitions = found.topics.find((topic) => topic.name === name)?.partitions ?? [];
    return partitions.every(({ leader }) => leader >= 0) ? partitions.length : 0;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === 'UNKNOWN_TOPIC_OR_PARTITION' || refusal === 'LEADER_NOT_AVAILABLE') return 0;
    throw error;
  }
}
