import { type Position, START, samePosition } from '../pipeline/ports/positions.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { around } from './around.ts';

/** A sink whose partitions without a position stand where the export was declared to start. @param starts by partition; absent: at 0 */
export function startingAt(sink: Sink, starts: readonly Position[]): Sink {
  /** Partitions of which the sink has no position yet, with the one that was told instead. */
  const told = new Map<number, Position>();
  return around(sink, {
    async position(partition) {
      const stored = await sink.position(partition);
      const start = starts[partition];
      told.delete(partition);
      if (!start || !samePosition(stored, START)) return stored;
      told.set(partition, start);
      return start;
    },
    async put(rows, delivery, keep) {
      const start = told.get(delivery.partition);
      const isFirst = start !== undefined && samePosition(start, delivery.from);
      const moved = await sink.put(rows, isFirst ? { ...delivery, from: START } : delivery, keep);
      told.delete(delivery.partition);
      return moved;
    },
  });
}
