import { FatalError, RetriableError } from '../../services/pipeline/errors.ts';
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

/**
 * Why a fetch brought nothing. Only an offset outside the log is gone for good: a dead letter is then written without its original.
 * A fetch may also come back empty for a record that is there, from a broker that has just become the leader.
 */
export function absent(place: string, offset: number, first: number, end: number): RetriableError | FatalError {
  const message = `${place} gave no record at ${offset}; it holds ${first} to ${end}`;
  if (offset >= first && offset < end) return new RetriableError('record_not_served', `${message}: it is asked again`);
  return new FatalError('offset_out_of_range', message);
}

/** Reads single records and offsets without joining a group; one connection per broker, opened with the first question. */
export function createKafkaLookup(options: KafkaOptions): KafkaLookup {
  const cluster = new DirectCluster(options);
  return {
    async readAt(topic: string, partition: number, offset: number): Promise<LogRecord> {
      const messages = await cluster.fetch(topic, partition, offset);
      const message = messages.find((candidate) => Number(candidate.offset) === offset);
      if (message) return toLogRecord(message);
      const first = await cluster.offset(topic, partition, 'first');
      const end = await cluster.offset(topic, partition, 'end');
      throw absent(`${topic}/${partition}`, offset, first, end);
    },
    endOffset: (topic, partition) => cluster.offset(topic, partition, 'end'),
    firstOffset: (topic, partition) => cluster.offset(topic, partition, 'first'),
    partitions: (topic) => cluster.partitions(topic),
    close: () => cluster.close(),
  };
}
