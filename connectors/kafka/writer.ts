import { FatalError, RetriableError } from '../../services/pipeline/errors.ts';
import type { LogWriter, OutgoingRecord } from '../../services/pipeline/ports/log.ts';
import { MAX_MESSAGE_BYTES } from '../../topics/define-topic.ts';
import { CONNECT_TIMEOUT_MS, type KafkaOptions, newKafka, REQUEST_TIMEOUT_MS } from './client.ts';
import { ProducerShard } from './producer-shard.ts';

export interface WriterOptions extends KafkaOptions {
  /** Partition p is written by producer p mod `producers`; each has one send under way. Default 4. */
  readonly producers?: number;
}

/** Of the 3 MiB of one request, what key, headers and framing of its records may take. */
const FRAMING_BYTES = 64;

/** The Kafka end of `LogWriter`. Connects with the first send of each producer. */
export function createKafkaWriter(options: WriterOptions): LogWriter {
  const { producers = 4, log, connectTimeoutMs = CONNECT_TIMEOUT_MS, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const kafka = newKafka(options);
  const shards = Array.from(
    { length: producers },
    () =>
      new ProducerShard(kafka, {
        ackTimeoutMs: Math.max(1, requestTimeoutMs - 1_000),
        sendDeadlineMs: requestTimeoutMs * 2,
        connectTimeoutMs,
        log,
      }),
  );
  let closed = false;

  return {
    async send(topic: string, partition: number, records: readonly OutgoingRecord[]): Promise<number> {
      if (closed) throw new RetriableError('writer_closed', 'this writer is closed; nothing was sent');
      if (records.length === 0) throw new TypeError('a send needs at least one record');
      let bytes = 0;
      for (const record of records) bytes += record.value.length + record.key.length + FRAMING_BYTES;
      if (bytes > MAX_MESSAGE_BYTES) {
        throw new FatalError(
          'record_too_large',
          `${records.length} records of ${bytes} bytes exceed ${MAX_MESSAGE_BYTES} in one send`,
        );
      }
      const shard = shards[partition % producers];
      if (!shard) throw new TypeError(`partition ${partition} is not a number from 0`);
      return shard.send(topic, partition, records);
    },
    async close(): Promise<void> {
      closed = true;
      await Promise.all(shards.map((shard) => shard.close()));
    },
  };
}
