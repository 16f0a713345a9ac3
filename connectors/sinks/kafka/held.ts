import type { HeldRow, HeldRows } from '../../../services/pipeline/ports/sink.ts';
import type { CommittedReader } from '../../kafka/index.ts';
import { storedRow } from './record.ts';

/** Markers of a commit are written after it is answered: waited for so long, in vain where somebody is in the middle of a transaction. Milliseconds. */
const SETTLE_MS = 1_000;

/** A topic with the rows of one table. */
export interface RowsTopic {
  readonly table: string;
  readonly topic: string;
}

/**
 * Shows what was committed and has no tombstone, and what has one and is not compacted yet. Read twice, as the tombstone comes after what it takes:
 * only the keys of tombstones are kept meanwhile.
 */
export async function heldRecords(
  reader: CommittedReader,
  topics: readonly RowsTopic[],
  partitions: number,
  show: (some: HeldRows) => Promise<void>,
): Promise<void> {
  for (const { table, topic } of topics) {
    if (!(await reader.exists(topic))) continue;
    for (let partition = 0; partition < partitions; partition += 1) {
      await reader.settled(topic, partition, SETTLE_MS);
      const tombs = await tombstones(reader, topic, partition);
      const place = `${topic}, partition ${partition}`;
      for await (const { records } of reader.from(topic, partition, 0)) {
        const [rows, leaving]: [HeldRow[], HeldRow[]] = [[], []];
        for (const record of records) {
          const row = record.value && storedRow(record);
          if (row) (record.offset < (tombs.get(record.key) ?? -1) ? leaving : rows).push(row);
        }
        if (rows.length > 0) await show({ table, place, rows });
        if (leaving.length > 0) await show({ table, place, rows: leaving, leaving: true });
      }
    }
  }
}

/** Where the last tombstone of each key is. */
async function tombstones(reader: CommittedReader, topic: string, partition: number): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { records } of reader.from(topic, partition, 0)) {
    for (const { key, value, offset } of records) if (value === null) found.set(key, offset);
  }
  return found;
}
