import type { ConsumerGroups, LogLookup } from '../pipeline/ports/log.ts';
import { type Position, START, samePosition } from '../pipeline/ports/positions.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { originOf } from '../pipeline/rules/origin.ts';
import { around } from './around.ts';

export interface GroupProgress {
  readonly groups: Pick<ConsumerGroups, 'progress'>;
  readonly lookup: Pick<LogLookup, 'readAt'>;
  /** Full names. */
  readonly topic: string;
  readonly group: string;
}

/**
 * A control's sink: goes on from what its consumer group has committed in Kafka, as most connectors do, and not from the position in the output,
 * which follows it whatever it was. Whoever dies after the output and before the commit delivers once more.
 */
export function positionsInKafka(sink: Sink, { groups, lookup, topic, group }: GroupProgress): Sink {
  const stands = new Map<number, Position>();

  async function committed(partition: number): Promise<Position> {
    const next = await groups.progress(group, topic, partition);
    if (next === null || next === 0) return START;
    return { next, mark: originOf(await lookup.readAt(topic, partition, next - 1)) ?? -1 };
  }

  return around(sink, {
    async position(partition) {
      const position = stands.get(partition) ?? (await committed(partition));
      stands.set(partition, position);
      return position;
    },
    async put(rows, delivery, keep) {
      const { partition, to } = delivery;
      if (!samePosition(stands.get(partition) ?? START, delivery.from)) return false;
      const from = await sink.position(partition);
      // Any other place than the one before: what is delivered again is no repetition to the target.
      const anywhere = { next: from.next + 1, mark: from.mark + 1 };
      const moved = await sink.put(rows, { ...delivery, from, to: anywhere }, keep);
      if (moved) stands.set(partition, to);
      return moved;
    },
  });
}
