import type { Kafka, Producer } from 'kafkajs';
import { RetriableError } from '../../services/pipeline/errors.ts';
import type { OutgoingRecord } from '../../services/pipeline/ports/log.ts';
import { acknowledgedOffset } from './acknowledgement.ts';
import type { KafkaLog } from './client.ts';
import { withDeadline } from './deadline.ts';
import { toPortError } from './kafka-errors.ts';

export interface ShardOptions {
  /** Milliseconds that brokers may take to replicate before they answer with an error. */
  readonly ackTimeoutMs: number;
  /** Milliseconds for one send including a reconnect. */
  readonly sendDeadlineMs: number;
  readonly connectTimeoutMs: number;
  readonly log: KafkaLog;
}

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * One kafkajs producer with at most one send under way: with more, kafkajs can mix up answers and order.
 * kafkajs itself makes no second attempt (`retries: 0`): its retry is where sends get lost. The corridor sends again.
 */
export class ProducerShard {
  readonly #kafka: Kafka;
  readonly #options: ShardOptions;
  #producer: Promise<Producer> | null = null;
  #tail: Promise<void> = Promise.resolve();

  constructor(kafka: Kafka, options: ShardOptions) {
    this.#kafka = kafka;
    this.#options = options;
  }

  /** Waits for earlier sends of this shard, then sends. @returns the offset of the first record. */
  send(topic: string, partition: number, records: readonly OutgoingRecord[]): Promise<number> {
    const sent = this.#tail.then(() => this.#sendNow(topic, partition, records));
    const settled = () => undefined;
    this.#tail = sent.then(settled, settled);
    return sent;
  }

  /** Waits for the send under way, then disconnects. */
  async close(): Promise<void> {
    await this.#tail;
    const producer = this.#producer;
    this.#producer = null;
    if (producer) await this.#discard(producer);
  }

  async #sendNow(topic: string, partition: number, records: readonly OutgoingRecord[]): Promise<number> {
    const messages = records.map((record) => ({
      key: view(record.key),
      value: view(record.value),
      headers: record.headers as Record<string, string> | undefined,
      partition,
    }));
    const { ackTimeoutMs, sendDeadlineMs } = this.#options;
    this.#producer ??= this.#connect();
    const current = this.#producer;
    try {
      const producer = await current;
      const sending = producer.send({ topic, messages, acks: -1, timeout: ackTimeoutMs });
      return acknowledgedOffset(
        await withDeadline(sending, sendDeadlineMs, `send to ${topic}/${partition}`),
        topic,
        partition,
      );
    } catch (error) {
      const ours = toPortError(error, `send to ${topic}/${partition}`);
      // After a send that did not come back this producer may still be busy with it: the next one starts with its own.
      if (ours instanceof RetriableError && ours.code === 'kafka_timeout') {
        this.#producer = null;
        void this.#discard(current);
      }
      throw ours;
    }
  }

  async #connect(): Promise<Producer> {
    const producer = this.#kafka.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      maxInFlightRequests: 1,
      retry: { retries: 0 },
      // The partition is set on every message; a message without one would be a bug.
      createPartitioner:
        () =>
        ({ message }) => {
          if (message.partition === undefined || message.partition === null)
            throw new TypeError('record without a partition');
          return message.partition;
        },
    });
    try {
      await withDeadline(producer.connect(), this.#options.connectTimeoutMs, 'connecting a producer');
      return producer;
    } catch (error) {
      this.#producer = null;
      void this.#discard(Promise.resolve(producer));
      throw toPortError(error, 'connecting a producer');
    }
  }

  async #discard(connecting: Promise<Producer>): Promise<void> {
    try {
      const producer = await connecting;
      await withDeadline(producer.disconnect(), this.#options.connectTimeoutMs, 'disconnecting a producer');
    } catch (error) {
      this.#options.log.warn({ err: error }, 'a producer did not disconnect cleanly');
    }
  }
}
