import { createRequire } from 'node:module';
import type { KafkaMessage, Logger, RetryOptions } from 'kafkajs';
import { RetriableError } from '../../services/pipeline/errors.ts';
import { CONNECT_TIMEOUT_MS, type KafkaOptions, kafkaConfig } from './client.ts';
import { withDeadline } from './deadline.ts';
import { toPortError } from './kafka-errors.ts';

/** The part of kafkajs's own `Cluster` that is used here; it is not exported, hence the pinned version and this shape. */
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findTopicPartitionMetadata(topic: string): unknown[];
  findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>;
  findBroker(options: { nodeId: string }): Promise<Broker>;
  fetchTopicsOffset(
    topics: { topic: string; partitions: { partition: number }[]; fromBeginning?: boolean; fromTimestamp?: number }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
}

interface Broker {
  fetch(request: {
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    isolationLevel: number;
    topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
  }): Promise<{ responses: { topicName: string; partitions: FetchedPartition[] }[] }>;
}

/** What a broker answers of one partition, with what stands in kafkajs's messages beyond its typings. */
export interface FetchedPartition {
  readonly partition: number;
  readonly highWatermark: string;
  /** Below it every transaction has ended. */
  readonly lastStableOffset: string;
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[];
  readonly messages: readonly FetchedMessage[];
}

export type FetchedMessage = KafkaMessage & {
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
};

type NewCluster = new (options: Record<string, unknown>) => Cluster;
type CreateLogger = (options: { level: number; logCreator: unknown }) => Logger;

const require = createRequire(import.meta.url);
const ClusterClass = require('kafkajs/src/cluster') as NewCluster;
const { createLogger } = require('kafkajs/src/loggers') as { createLogger: CreateLogger };
const createSocketFactory = require('kafkajs/src/network/socketFactory') as () => unknown;

const READ_COMMITTED = 1;
const FETCH_WAIT_MS = 500;

/** One attempt; the caller says what is to be repeated. */
const ONCE: RetryOptions = { initialRetryTime: 100, multiplier: 2, factor: 0.2, maxRetryTime: 1_000, retries: 2 };

/**
 * Requests to Kafka outside any consumer group: end offsets, and one fetch at an offset. kafkajs's public API knows neither a
 * fetch without joining a group (seconds, and a group left behind) nor one end offset without asking for all partitions twice.
 */
export class DirectCluster {
  readonly #options: KafkaOptions;
  readonly #topics = new Set<string>();
  #cluster: Promise<Cluster> | null = null;

  constructor(options: KafkaOptions) {
    this.#options = options;
  }

  /** Offset of the first record kept, and the offset that the next record will get. */
  async offset(topic: string, partition: number, which: 'first' | 'end'): Promise<number> {
    const what = `${which} offset of ${topic}/${partition}`;
    const offset = await this.#listed(topic, partition, what, { fromBeginning: which === 'first' });
    if (offset >= 0) return offset;
    throw new RetriableError('kafka_unavailable', `${what}: the answer lacks the partition`);
  }

  /** Offset of the first record with this timestamp or a later one; null where there is none. */
  async offsetAt(topic: string, partition: number, time: number): Promise<number | null> {
    const what = `offset of ${topic}/${partition} at ${time}`;
    const offset = await this.#listed(topic, partition, what, { fromTimestamp: time });
    return offset >= 0 ? offset : null;
  }

  /** -1: the broker knows of none. */
  async #listed(
    topic: string,
    partition: number,
    what: string,
    from: { fromBeginning: boolean } | { fromTimestamp: number },
  ): Promise<number> {
    const answer = await this.#ask(topic, what, (cluster) =>
      cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], ...from }]),
    );
    const offset = Number(
      answer.find((entry) => entry.topic === topic)?.partitions.find((p) => p.partition === partition)?.offset,
    );
    if (Number.isSafeInteger(offset) && offset >= -1) return offset;
    throw new RetriableError('kafka_unavailable', `${what}: the answer lacks the partition`);
  }

  partitions(topic: string): Promise<number> {
    return this.#ask(
      topic,
      `partitions of ${topic}`,
      async (cluster) => cluster.findTopicPartitionMetadata(topic).length,
    );
  }

  /**
   * The record batch that holds `offset`, and those after it up to `maxBytes`; empty when the log ends there.
   * @throws FatalError `offset_out_of_range`
   */
  async fetch(topic: string, partition: number, offset: number, maxBytes = 1): Promise<readonly KafkaMessage[]> {
    return (await this.fetchPartition(topic, partition, offset, { maxBytes }))?.messages ?? [];
  }

  /** The same with what else the broker says: undefined when it says nothing of the partition. */
  async fetchPartition(
    topic: string,
    partition: number,
    offset: number,
    { maxBytes, maxWaitMs = FETCH_WAIT_MS }: { readonly maxBytes: number; readonly maxWaitMs?: number },
  ): Promise<FetchedPartition | undefined> {
    const answer = await this.#ask(topic, `reading ${topic}/${partition} at ${offset}`, async (cluster) => {
      const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
      if (nodeId === undefined) throw new Error('the partition has no leader');
      const broker = await cluster.findBroker({ nodeId });
      // A broker answers with at least one whole batch, whatever its size: so one byte asks for exactly that one.
      return broker.fetch({
        maxWaitTime: maxWaitMs,
        minBytes: 1,
        maxBytes,
        isolationLevel: READ_COMMITTED,
        topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes }] }],
      });
    });
    const partitions = answer.responses.find((response) => response.topicName === topic)?.partitions ?? [];
    return partitions.find((entry) => entry.partition === partition);
  }

  async close(): Promise<void> {
    const connecting = this.#cluster;
    this.#cluster = null;
    if (connecting) await this.#disconnect(connecting);
  }

  async #ask<T>(topic: string, what: string, ask: (cluster: Cluster) => Promise<T>): Promise<T> {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    this.#cluster ??= this.#connect();
    const connecting = this.#cluster;
    try {
      const work = async () => {
        const cluster = await connecting;
        if (!this.#topics.has(topic)) {
          await cluster.addMultipleTargetTopics([topic]);
          this.#topics.add(topic);
        }
        await cluster.refreshMetadataIfNecessary();
        return await ask(cluster);
      };
      return await withDeadline(work(), connectTimeoutMs, what);
    } catch (error) {
      const ours = toPortError(error, what);
      // Leaders may have moved or a broker gone: the next question starts from fresh metadata.
      if (ours instanceof RetriableError && this.#cluster === connecting) {
        this.#cluster = null;
        this.#topics.clear();
        void this.#disconnect(connecting);
      }
      throw ours;
    }
  }

  async #connect(): Promise<Cluster> {
    const config = kafkaConfig(this.#options);
    const cluster = new ClusterClass({
      ...config,
      retry: ONCE,
      logger: createLogger({ level: 2, logCreator: config.logCreator }),
      socketFactory: config.socketFactory ?? createSocketFactory(),
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
      isolationLevel: READ_COMMITTED,
    });
    await cluster.connect();
    return cluster;
  }

  async #disconnect(connecting: Promise<Cluster>): Promise<void> {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS, log } = this.#options;
    try {
      const cluster = await connecting;
      await withDeadline(cluster.disconnect(), connectTimeoutMs, 'disconnecting');
    } catch (error) {
      log.warn({ err: error }, 'a connection to Kafka did not close cleanly');
    }
  }
}
