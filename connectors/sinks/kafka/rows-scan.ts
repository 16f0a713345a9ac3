import type { HeldRow } from '../../../services/pipeline/ports/sink.ts';
import type { CommittedReader } from '../../kafka/index.ts';
import type { Judge } from './judges.ts';
import { storedRow } from './record.ts';

/** A row that is to go. */
export interface Doomed {
  readonly topic: string;
  readonly key: string;
  readonly row: HeldRow;
  readonly by: number;
}

/** Looks through one partition of the topics of an export, from their beginning, then from where it ended. */
export interface RowsScan {
  /** Reads on to the end. */
  advance(topics: readonly string[]): Promise<void>;
  /** Rows that are to go and have no tombstone yet. */
  doomed(): readonly Doomed[];
}

export function createScan(reader: CommittedReader, partition: number, judge: Judge): RowsScan {
  const next = new Map<string, number>();
  const found = new Map<string, Doomed>();

  async function advance(topic: string): Promise<void> {
    for await (const piece of reader.from(topic, partition, next.get(topic) ?? 0)) {
      for (const record of piece.records) {
        const name = `${topic}\n${record.key}`;
        if (record.value === null) found.delete(name);
        const row = record.value && storedRow(record);
        const by = row && judge(row);
        if (row && by !== null) found.set(name, { topic, key: record.key, row, by });
      }
      next.set(topic, piece.next);
    }
  }

  return {
    async advance(topics) {
      for (const topic of topics) await advance(topic);
    },
    doomed: () => [...found.values()],
  };
}
