import type { Batch, Consumer, EachBatchPayload, LogEntry } from 'kafkajs';
import { FatalError, RetriableError } from '../../services/pipeline/errors.ts';
import type { KeptOffset, LogConsumer, PartitionInput } from '../../services/pipeline/ports/log.ts';
import { MAX_MESSAGE_BYTES } from '../../topics/define-topic.ts';
import { AssignedPartition, type PartitionEdge } from './assigned-partition.ts';
import { CONNECT_TIMEOUT_MS, type KafkaOptions, newKafka } from './client.ts';
import { withDeadline } from './deadline.ts';
import { refusalOf, toPortError } from './kafka-errors.ts';
import { toLogRecord } from './log-record.ts';
import type { KafkaLookup } from './lookup.ts';
import { HIGH_WATER_BYTES } from './partition-queue.ts';
import { ProgressReports } from './progress-reports.ts';

export interface ConsumerOptions extends KafkaOptions {
  readonly group: string;
  readonly topic: string;
  /** For end offsets; shared by the consumers of a process. */
  readonly lookup: KafkaLookup;
  /** Called once when membership is lost for good; `run` rejects with the same error. The process is expected to exit with 1. */
  readonly onFatal?: (error: Error) => void;
  /** Milliseconds without a heartbeat until the group gives this member's partitions away. Default 6000, the least a broker takes. */
  readonly sessionTimeoutMs?: number;
  /** Milliseconds that a rebalance waits for members: what a restart after `kill -9` waits for the dead one. Default 2000. */
  readonly rebalanceTimeoutMs?: number;
  /** Milliseconds that an empty fetch waits at the broker. Default 100. */
  readonly fetchWaitMs?: number;
  /** Bytes of each partition that are fetched ahead. Default 8 MiB. */
  readonly prefetchBytes?: number;
  /** Failures in a row that are sat out before membership counts as lost. Default 20, about 30 s. */
  readonly attempts?: number;
  /** Whether the group shows how far the lanes are. Default: yes. Not where its members `keep` it themselves. */
  readonly showsProgress?: boolean;
  /** Called when the group is about to share its partitions out anew: what is kept at once is kept under the old shares. */
  readonly onRebalance?: () => void;
}

const KEEP_DEADLINE_MS = 10_000;

/**
 * A broker that has just started, or has just become a group's coordinator, refuses its members until it has read what it keeps of the group.
 * kafkajs knows that these pass, and yet gives up on joining at the first of them.
 */
const COORDINATOR_NOT_READY: ReadonlySet<string | undefined> = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
]);
/** As long as `attempts` last by default. */
const COORDINATOR_PATIENCE_MS = 30_000;

/** kafkajs logs this, with topic and partition, right before it would start at the other end of the log. There is no event. */
const OUT_OF_RANGE = 'Offset out of range, resetting to default offset';

interface Lane {
  readonly input: AssignedPartition;
  readonly served: Promise<void>;
}

/** The Kafka end of `LogConsumer`. */
export function createKafkaConsumer(options: ConsumerOptions): LogConsumer {
  return new KafkaLogConsumer(options);
}

/** @internal With what `createGroupConsumer` adds to. */
export class KafkaLogConsumer implements LogConsumer {
  readonly #options: ConsumerOptions;
  readonly #consumer: Consumer;
  readonly #progress: ProgressReports;
  readonly #lanes = new Map<number, Lane>();
  readonly #ended: Promise<void>;
  #end: { resolve: () => void; reject: (error: Error) => void } = { resolve: () => undefined, reject: () => undefined };
  readonly #edge: PartitionEdge;
  #member = false;
  /** When the coordinator began to refuse, in milliseconds of `performance.now`; null while it does not. */
  #refusedSince: number | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#ended = new Promise((resolve, reject) => {
      this.#end = { resolve, reject };
    });
    const {
      topic,
      lookup,
      group,
      log,
      sessionTimeoutMs = 6_000,
      rebalanceTimeoutMs = 2_000,
      fetchWaitMs = 100,
      attempts = 20,
      prefetchBytes = HIGH_WATER_BYTES,
    } = options;
    // Connecting is tried as often as the rest: kafkajs takes connections that were given up for a reason to crash at once.
    const kafka = newKafka(options, (entry) => this.#watch(entry), attempts);
    this.#consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      heartbeatInterval: Math.min(1_000, Math.floor(sessionTimeoutMs / 3)),
      maxBytesPerPartition: MAX_MESSAGE_BYTES,
      maxBytes: Math.min(4 * MAX_MESSAGE_BYTES, Math.max(MAX_MESSAGE_BYTES, prefetchBytes)),
      minBytes: 1,
      maxWaitTimeInMs: fetchWaitMs,
      allowAutoTopicCreation: false,
      // No restart inside kafkajs but to join again: after about 30 s of failures the process exits and comes back with nothing half alive.
      retry: {
        initialRetryTime: 200,
        multiplier: 1.5,
        factor: 0.2,
        maxRetryTime: 2_000,
        retries: attempts,
        restartOnFailure: async (error) => this.#mayJoinAgain(error),
      },
    });
    this.#progress = new ProgressReports({
      log,
      commit: (offsets) =>
        this.#consumer.commitOffsets(offsets.map(([partition, next]) => ({ topic, partition, offset: String(next) }))),
    });
    this.#edge = {
      seek: (partition, offset) => {
        if (this.#member) this.#consumer.seek({ topic, partition, offset: String(offset) });
      },
      pause: (partition) => {
        if (this.#member) this.#consumer.pause([{ topic, partitions: [partition] }]);
      },
      resume: (partition) => {
        if (this.#member) this.#consumer.resume([{ topic, partitions: [partition] }]);
      },
      firstOffset: (partition) => lookup.firstOffset(topic, partition),
      endOffset: (partition) => lookup.endOffset(topic, partition),
      showProgress: (partition, next) => {
        if (options.showsProgress !== false) this.#progress.note(partition, next);
      },
    };
  }

  async run(serve: (input: PartitionInput) => Promise<void>): Promise<void> {
    const { topic, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    const consumer = this.#consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
      this.#assign(payload.memberAssignment[topic] ?? [], serve),
    );
    consumer.on(consumer.events.REBALANCING, () => this.#options.onRebalance?.());
    consumer.on(consumer.events.STOP, () => {
      this.#member = false;
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) this.#crash(payload.error);
    });
    const start = async () => {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
    };
    try {
      await withDeadline(start(), connectTimeoutMs, `consumer of ${topic}: connecting`);
    } catch (error) {
      await this.#disconnect();
      throw toPortError(error, `consumer of ${topic}`);
    }
    // Joins the group; a failure to do so arrives as CRASH. Not awaited, because a stop may come first.
    consumer
      .run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: (payload) => this.#eachBatch(payload) })
      .catch((error: unknown) => this.#fail(toPortError(error, `consumer of ${topic}`)));
    await this.#ended;
  }

  /** Commits for the group. @throws RetriableError, also when the membership has ended */
  async keep(offsets: ReadonlyMap<number, KeptOffset>): Promise<void> {
    const { topic, group } = this.#options;
    const consumer = this.#consumer;
    const what = `${group} keeping its offsets of ${topic}`;
    let isKept = false;
    // kafkajs also resolves for a member that is on its way out, without having asked anybody.
    const stopListening = consumer.on(consumer.events.COMMIT_OFFSETS, () => {
      isKept = true;
    });
    try {
      if (!this.#member) throw new RetriableError('not_a_member', `${what}: this is no member now`);
      const all = [...offsets].map(([partition, { next, note }]) => ({
        ...{ topic, partition, offset: String(next), metadata: note },
      }));
      await withDeadline(consumer.commitOffsets(all), KEEP_DEADLINE_MS, what);
      if (!isKept) throw new RetriableError('not_a_member', `${what}: this is no member any more`);
    } catch (error) {
      throw toPortError(error, what);
    } finally {
      stopListening();
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#leave();
    return this.#stopping;
  }

  async #leave(): Promise<void> {
    await this.#revoke([...this.#lanes.keys()], 'the consumer stops');
    await this.#progress.flush();
    await this.#disconnect();
    this.#end.resolve();
  }

  async #disconnect(): Promise<void> {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS, log, topic } = this.#options;
    this.#member = false;
    try {
      await withDeadline(
        this.#consumer.disconnect(),
        Math.min(connectTimeoutMs, 5_000),
        `consumer of ${topic}: leaving`,
      );
    } catch (error) {
      log.warn({ err: error, topic }, 'a consumer did not leave cleanly; its session will time out');
    }
  }

  /** After each join, also one that changes nothing: kafkajs has forgotten every position. Runs before the first fetch. */
  #assign(partitions: readonly number[], serve: (input: PartitionInput) => Promise<void>): void {
    if (this.#stopping) return;
    this.#member = true;
    this.#refusedSince = null;
    const lost = [...this.#lanes.keys()].filter((partition) => !partitions.includes(partition));
    const leaving = this.#revoke(lost, 'another member has this partition now');
    void leaving;
    for (const partition of partitions) {
      const kept = this.#lanes.get(partition);
      if (kept && !kept.input.revoked.aborted) kept.input.attach();
      else this.#open(partition, kept?.served ?? Promise.resolve(), serve);
    }
  }

  #open(partition: number, before: Promise<void>, serve: (input: PartitionInput) => Promise<void>): void {
    const input = new AssignedPartition(partition, this.#edge, this.#options.prefetchBytes);
    input.attach();
    // A lane that is still on its way out finishes first: two at once would write to one partition out of order.
    const served = before.then(async () => {
      try {
        if (!input.revoked.aborted) await serve(input);
      } catch (error) {
        if (!input.revoked.aborted || error !== input.revoked.reason) this.#fail(error as Error);
      }
      if (this.#lanes.get(partition)?.input === input && input.revoked.aborted) this.#lanes.delete(partition);
    });
    this.#lanes.set(partition, { input, served });
  }

  async #revoke(partitions: readonly number[], why: string): Promise<void> {
    const lanes = partitions.flatMap((partition) => this.#lanes.get(partition) ?? []);
    for (const { input } of lanes)
      input.revoke(new RetriableError('partition_revoked', `partition ${input.partition}: ${why}`));
    await Promise.all(lanes.map(({ served }) => served));
  }

  /** Never waits: kafkajs fetches again, and sends its heartbeats, only when every batch of the last fetch has returned. */
  async #eachBatch({ batch, resolveOffset }: EachBatchPayload): Promise<void> {
    const lane = this.#lanes.get(batch.partition);
    if (!lane || lane.input.revoked.aborted) return;
    const { fetchedOffset } = batch as Batch & { fetchedOffset: string };
    const taken = lane.input.deliver(
      Number(fetchedOffset),
      batch.messages.map(toLogRecord),
      Number(batch.lastOffset()) + 1,
    );
    if (taken) resolveOffset(batch.lastOffset());
  }

  #watch(entry: LogEntry): void {
    if (entry.log.message !== OUT_OF_RANGE) return;
    void this.#lanes.get(Number(entry.log.partition))?.input.judgeRange();
  }

  #mayJoinAgain(error: Error): boolean {
    if (this.#stopping || !COORDINATOR_NOT_READY.has(refusalOf(error))) return false;
    this.#refusedSince ??= performance.now();
    return performance.now() - this.#refusedSince < COORDINATOR_PATIENCE_MS;
  }

  #crash(error: unknown): void {
    const { topic, group } = this.#options;
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#fail(
      new FatalError('consumer_crashed', `consumer of ${topic} in ${group} crashed: ${cause.message}`, { cause }),
    );
  }

  #fail(error: Error): void {
    if (this.#stopping) {
      this.#options.log.error({ err: error, topic: this.#options.topic }, 'failed while the consumer was stopping');
      return;
    }
    this.#options.onFatal?.(error);
    this.#end.reject(error);
  }
}
