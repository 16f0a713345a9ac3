import { FatalError, RetriableError } from '../../services/pipeline/errors.ts';
import type { LogHistory, LogLookup, LogPlaces, LogRecord } from '../../services/pipeline/ports/log.ts';
import type { KafkaOptions } from './client.ts';
import { DirectCluster } from './cluster.ts';
import { toLogRecord } from './log-record.ts';

/** `LogLookup`, and what else can be asked without joining a group. */
export interface KafkaLookup extends LogLookup, LogHistory, LogPlaces {
  /** How many partitions the topic has now. @throws RetriableError when there is no such topic */
  partitions(topic: string): Promise<number>;
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

const READ_BYTES = 1024 * 1024;

/** Reads records and offsets without joining a group; one connection per broker, opened with the first question. */
export function createKafkaLookup(options: KafkaOptions): KafkaLookup {
  const cluster = new DirectCluster(options);
  const nothingAt = async (topic: string, partition: number, offset: number) => {
    const first = await cluster.offset(topic, partition, 'first');
    const end = await cluster.offset(topic, partition, 'end');
    return absent(`${topic}/${partition}`, offset, first, end);
  };
  return {
    async readAt(topic: string, partition: number, offset: number): Promise<LogRecord> {
      const messages = await cluster.fetch(topic, partition, offset);
      const message = messages.find((candidate) => Number(candidate.offset) === offset);
      if (message) return toLogRecord(message);
      throw await nothingAt(topic, partition, offset);
    },
    async *readFrom(topic, partition, offset) {
      const end = await cluster.offset(topic, partition, 'end');
      for (let next = offset; next < end; ) {
        const messages = await cluster.fetch(topic, partition, next, READ_BYTES);
        // The first batch may begin below the offset that was asked for.
        const records = messages.map(toLogRecord).filter((record) => record.offset >= next && record.offset < end);
        const last = records.at(-1);
        if (!last) throw await nothingAt(topic, partition, next);
        yield* records;
        next = last.offset + 1;
      }
    },
    endOffset: (topic, partition) => cluster.offset(topic, partition, 'end'),
    firstOffset: (topic, partition) => cluster.offset(topic, partition, 'first'),
    async offsetAt(topic, partition, time) {
      return (await cluster.offsetAt(topic, partition, time)) ?? cluster.offset(topic, partition, 'end');
    },
    async appendedAt(topic, partition, offset) {
      const first = await cluster.offset(topic, partition, 'first');
      if (offset < first || offset >= (await cluster.offset(topic, partition, 'end'))) return null;
      const messages = await cluster.fetch(topic, partition, offset);
      const message = messages.find((candidate) => Number(candidate.offset) === offset);
      if (message) return Number(message.timestamp);
      throw await nothingAt(topic, partition, offset);
    },
    partitions: (topic) => cluster.partitions(topic),
    close: () => cluster.close(),
  };
}
