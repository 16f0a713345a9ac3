import kafkajs, { type Admin } from 'kafkajs';
import { MAX_MESSAGE_BYTES, type Topic } from '../../topics/define-topic.ts';
import { CONNECT_TIMEOUT_MS, type KafkaOptions, newKafka } from './client.ts';
import { withDeadline } from './deadline.ts';
import { toPortError } from './kafka-errors.ts';

export interface TopicPlan {
  readonly topics: readonly Topic<unknown>[];
  /** Prepended to every name. */
  readonly prefix: string;
  /** Of the topics that are `per-wallet`. */
  readonly partitions: number;
}

/** Where a topic in Kafka is not as it is declared. */
export interface Drift {
  readonly topic: string;
  /** `missing`, `partitions`, `replication`, or the name of a setting. */
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
}

/**
 * Settings of every topic. Records get the broker's time when they are appended: retention counts from it, and a producer whose clock is
 * wrong would else have its records deleted at once, or kept for ever with all that stand before them. `min.insync.replicas` 2 where there are three copies, so that an acknowledgement
 * survives one broker.
 */
function settingsOf(topic: Topic<unknown>, copies: number): Readonly<Record<string, string>> {
  return {
    'cleanup.policy': 'delete',
    'compression.type': 'producer',
    'max.message.bytes': String(MAX_MESSAGE_BYTES),
    'message.timestamp.type': 'LogAppendTime',
    'min.insync.replicas': copies >= 3 ? '2' : '1',
    'retention.bytes': '-1',
    'retention.ms': String(topic.retentionMs),
    'unclean.leader.election.enable': 'false',
  };
}

const entriesOf = (settings: Readonly<Record<string, string>>) =>
  Object.entries(settings).map(([name, value]) => ({ name, value }));

/** Topics in Kafka against the plan: what is missing, what differs, and making it so. */
export class KafkaTopics {
  readonly #options: KafkaOptions;
  readonly #plan: TopicPlan;

  constructor(options: KafkaOptions, plan: TopicPlan) {
    this.#options = options;
    this.#plan = plan;
  }

  /** Every difference; changes nothing. */
  drift(): Promise<Drift[]> {
    return this.#withAdmin('comparing topics', async (admin) => {
      const existing = new Set(await admin.listTopics());
      const copies = await this.#copies(admin);
      const missing = this.#plan.topics.filter((topic) => !existing.has(this.#name(topic)));
      const present = this.#plan.topics.filter((topic) => existing.has(this.#name(topic)));
      const differing = present.length > 0 ? await this.#compare(admin, present, copies) : [];
      return [
        ...missing.map((topic) => ({ topic: this.#name(topic), what: 'missing', wanted: 'exists', found: 'absent' })),
        ...differing,
      ];
    });
  }

  /** Creates the given topics of the plan. @returns full names of those that were not there before. */
  create(topics: readonly Topic<unknown>[]): Promise<string[]> {
    return this.#withAdmin('creating topics', async (admin) => {
      const existing = new Set(await admin.listTopics());
      const missing = topics.filter((topic) => !existing.has(this.#name(topic)));
      if (missing.length === 0) return [];
      const copies = await this.#copies(admin);
      await admin.createTopics({
        waitForLeaders: true,
        timeout: 15_000,
        topics: missing.map((topic) => ({
          topic: this.#name(topic),
          numPartitions: this.#partitions(topic),
          replicationFactor: copies,
          configEntries: entriesOf(settingsOf(topic, copies)),
        })),
      });
      return missing.map((topic) => this.#name(topic));
    });
  }

  /** Sets the declared settings again. Partitions and copies stay as they are: changing them moves offsets or data. */
  resetSettings(names: readonly string[]): Promise<void> {
    return this.#withAdmin('changing topic settings', async (admin) => {
      const copies = await this.#copies(admin);
      const topics = this.#plan.topics.filter((topic) => names.includes(this.#name(topic)));
      if (topics.length === 0) return;
      await admin.alterConfigs({
        validateOnly: false,
        resources: topics.map((topic) => ({
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: this.#name(topic),
          configEntries: entriesOf(settingsOf(topic, copies)),
        })),
      });
    });
  }

  async #compare(admin: Admin, topics: readonly Topic<unknown>[], copies: number): Promise<Drift[]> {
    const { topics: metadata } = await admin.fetchTopicMetadata({ topics: topics.map((topic) => this.#name(topic)) });
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((topic) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: this.#name(topic) })),
    });
    return topics.flatMap((topic) => {
      const name = this.#name(topic);
      const partitions = metadata.find((entry) => entry.name === name)?.partitions ?? [];
      const entries = resources.find((resource) => resource.resourceName === name)?.configEntries ?? [];
      const found = new Map(entries.map((entry) => [entry.configName, entry.configValue]));
      const fewest = Math.min(...partitions.map((partition) => partition.replicas.length));
      const pairs = [
        ['partitions', String(this.#partitions(topic)), String(partitions.length)],
        ['replication', String(copies), String(fewest)],
        ...Object.entries(settingsOf(topic, copies)).map(([key, wanted]) => [key, wanted, found.get(key) ?? 'not set']),
      ] as [string, string, string][];
      return pairs
        .filter(([, wanted, is]) => wanted !== is)
        .map(([what, wanted, is]) => ({ topic: name, what, wanted, found: is }));
    });
  }

  #name(topic: Topic<unknown>): string {
    return `${this.#plan.prefix}${topic.name}`;
  }

  #partitions(topic: Topic<unknown>): number {
    return topic.partitions === 'per-wallet' ? this.#plan.partitions : 1;
  }

  async #copies(admin: Admin): Promise<number> {
    const { brokers } = await admin.describeCluster();
    return Math.min(3, brokers.length);
  }

  async #withAdmin<T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS, log } = this.#options;
    const admin = newKafka(this.#options).admin();
    try {
      await withDeadline(admin.connect(), connectTimeoutMs, 'connecting to Kafka');
      return await withDeadline(work(admin), 4 * connectTimeoutMs, what);
    } catch (error) {
      throw toPortError(error, what);
    } finally {
      await withDeadline(admin.disconnect(), connectTimeoutMs, 'disconnecting').catch((error: unknown) =>
        log.warn({ err: error }, 'an admin connection did not close cleanly'),
      );
    }
  }
}
