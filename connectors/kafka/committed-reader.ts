import { setTimeout as pause } from 'node:timers/promises';
import type { KafkaMessage } from 'kafkajs';
import { RetriableError } from '../../services/pipeline/errors.ts';
import type { KafkaOptions } from './client.ts';
import { DirectCluster } from './cluster.ts';
import { committedOf } from './committed.ts';
import { refusalOf } from './kafka-errors.ts';
import { textHeaders } from './log-record.ts';

/** A record that counts. */
export interface CommittedRecord {
  readonly offset: number;
  readonly key: string;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
}

const READ_BYTES = 1024 * 1024;
/** Compaction leaves empty batches, which kafkajs does not show: a fetch that shows nothing is made again for so much at most. */
const MOST_BYTES = 64 * 1024 * 1024;
/** How far back the last record is looked for first; commit markers take offsets too. */
const TAIL = 32;
const MARKER_PAUSE_MS = 10;

const recordOf = ({ offset, key, value, headers }: KafkaMessage): CommittedRecord => ({
  offset: Number(offset),
  key: key?.toString('utf8') ?? '',
  value,
  headers: textHeaders(headers),
});

/** Reads topics that are written in transactions, as a consumer with `isolation.level=read_committed` sees them. */
export class CommittedReader {
  readonly #cluster: DirectCluster;

  constructor(options: KafkaOptions) {
    this.#cluster = new DirectCluster(options);
  }

  partitions(topic: string): Promise<number> {
    return this.#cluster.partitions(topic);
  }

  async exists(topic: string): Promise<boolean> {
    try {
      return (await this.partitions(topic)) > 0;
    } catch (error) {
      if (refusalOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return false;
      throw error;
    }
  }

  /** The offset below which every transaction has ended when it is asked. */
  stableEnd(topic: string, partition: number): Promise<number> {
    return this.#cluster.offset(topic, partition, 'end');
  }

  /**
   * Waits until the markers of transactions that were committed are written, which happens after the commit is answered.
   * @param ms given up then: somebody may be in the middle of a transaction, or have died in it
   */
  async settled(topic: string, partition: number, ms: number): Promise<void> {
    const until = performance.now() + ms;
    for (;;) {
      const end = await this.stableEnd(topic, partition);
      const found = await this.#cluster.fetchPartition(topic, partition, end, { maxBytes: 1, maxWaitMs: 1 });
      if (found && found.highWatermark === found.lastStableOffset) return;
      if (performance.now() > until) return;
      await pause(MARKER_PAUSE_MS);
    }
  }

  /** What was committed from this offset until now, in pieces; each says where to read on. */
  async *from(
    topic: string,
    partition: number,
    offset: number,
  ): AsyncGenerator<{ readonly records: readonly CommittedRecord[]; readonly next: number }> {
    const first = await this.#cluster.offset(topic, partition, 'first');
    const end = await this.stableEnd(topic, partition);
    let maxBytes = READ_BYTES;
    for (let next = Math.max(first, offset); next < end; ) {
      const found = await this.#cluster.fetchPartition(topic, partition, next, { maxBytes });
      const last = Number(found?.messages.at(-1)?.offset ?? -1);
      if (!found || last < next) {
        if (maxBytes >= MOST_BYTES) {
          // Compaction may have taken the end. A broker that has just become the leader shows nothing either, and then knows less.
          if (Number(found?.lastStableOffset ?? -1) >= end) return;
          throw new RetriableError('record_not_served', `${topic}/${partition} shows nothing from ${next} to ${end}`);
        }
        maxBytes *= 4;
        continue;
      }
      maxBytes = READ_BYTES;
      const start = next;
      next = last + 1;
      // The first batch may begin below the offset that was asked for.
      yield {
        records: committedOf(found)
          .map(recordOf)
          .filter((record) => record.offset >= start),
        next,
      };
    }
  }

  /** The last record of a partition that was committed; null where there is none. */
  async last(topic: string, partition: number): Promise<CommittedRecord | null> {
    const end = await this.stableEnd(topic, partition);
    for (let back = TAIL; ; back *= 8) {
      let last: CommittedRecord | null = null;
      for await (const { records } of this.from(topic, partition, end - back)) last = records.at(-1) ?? last;
      if (last || back >= end) return last;
    }
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }
}
