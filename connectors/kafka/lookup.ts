import { FatalError } from '../../services/pipeline/errors.ts';
import type { LogLookup, LogRecord } from '../../services/pipeline/ports/log.ts';
import type { KafkaOptions } from './client.ts';
import { DirectCluster } from './cluster.ts';
import { toLogRecord } from './log-record.ts';

/** `LogLookup`, and what else can be asked without joining a group. */
export interface KafkaLookup extends LogLookup {
  /** How many partitions the topic has now. @throws RetriableError when there is no such topic */
  partitions(topic: string): Promise<number>;
  /** Offset of the first record kept; needed to judge an offset out of range. */
  firstOffset(topic: string, partition: number): Promise<number>;
}

/** Reads single records and offsets without joining a group; one connection per broker, opened with the first question. */
export function createKafkaLookup(options: KafkaOptions): KafkaLookup {
  const cluster = new DirectCluster(options);
  return {
    async readAt(topic: string, partition: number, offset: number): Promise<LogRecord> {
      const messages = await cluster.fetch(topic, partition, offset);
      const message = messages.find((candidate) => Number(candidate.offset) === offset);
      if (message) return toLogRecord(message);
      const end = await cluster.offset(topic, partition, 'end');
      throw new FatalError(
        'offset_out_of_range',
        `${topic}/${partition} has no record at ${offset}; it ends at ${end}`,
      );
    },
    endOffset: (topic, partition) => cluster.offset(topic, partition, 'end'),
    firstOffset: (topic, partition) => cluster.offset(topic, partition, 'first'),
    partitions: (topic) => cluster.partitions(topic),
    close: () => cluster.close(),
  };
}
