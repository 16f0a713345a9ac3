import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import type { CommittedReader, TransactionRecord } from '../../kafka/index.ts';
import type { Judge } from './judges.ts';
import type { Notices } from './notices.ts';
import { createScan, type Doomed } from './rows-scan.ts';
import type { Seat } from './seat.ts';

export interface DeletionEdges {
  readonly reader: CommittedReader;
  /** Topics of the export's tables, as far as they are known. */
  readonly topics: () => readonly string[];
  readonly notices: Notices;
  readonly reach: NonNullable<SinkContext['reach']>;
}

/** One transaction: long enough to be rare, short enough to end long before brokers abort it. */
const TOGETHER = 20_000;

/**
 * Writes tombstones, and a notice beside each, for the rows of one partition that are to go. Most is read before the seat is taken, so that
 * who holds it is held up only for what came in the meantime.
 * @param counted told of each row once its tombstone counts
 */
export async function deleteRows(
  { reader, topics, notices, reach }: DeletionEdges,
  { seat, partition }: { readonly seat: Seat; readonly partition: number },
  judge: Judge,
  counted: (by: number) => void,
): Promise<void> {
  const scan = createScan(reader, partition, judge);
  await scan.advance(topics());
  await seat.hold(async (held) => {
    // Nothing is open in this partition now, so all that ever counted is read.
    await scan.advance(topics());
    const doomed = scan.doomed();
    for (let i = 0; i < doomed.length; i += TOGETHER) {
      const some = doomed.slice(i, i + TOGETHER);
      for (const [topic, tombstones] of tombstonesOf(some)) await held.writer.send(topic, partition, tombstones);
      await held.writer.send(notices.topic, partition, some.map(notices.recordOf));
      await reach('drafted');
      await held.writer.commit();
      for (const { by } of some) counted(by);
      await reach('rewritten');
    }
  }, 'anew');
}

function tombstonesOf(doomed: readonly Doomed[]): Map<string, TransactionRecord[]> {
  const byTopic = new Map<string, TransactionRecord[]>();
  for (const { topic, key } of doomed) {
    const tombstones = byTopic.get(topic) ?? [];
    tombstones.push({ key, value: null });
    byTopic.set(topic, tombstones);
  }
  return byTopic;
}
