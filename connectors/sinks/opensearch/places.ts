import { type Position, START } from '../../../services/pipeline/ports/positions.ts';
import type { Delivery } from '../../../services/pipeline/ports/sink.ts';
import type { Documents, Read } from './documents.ts';

/** Where the deliveries of a partition stand. */
interface Written {
  /** The last delivery. */
  readonly from: Position;
  readonly to: Position;
}

export interface Place extends Written {
  readonly read: Read<Written> | null;
}

/** One document per partition. */
export interface Places {
  read(partition: number): Promise<Place>;
  /** The compare-and-set. @returns whether the place still was that one */
  move(place: Place, delivery: Delivery): Promise<boolean>;
}

export function createPlaces(documents: Documents): Places {
  const idOf = (partition: number) => `position-${partition}`;
  return {
    async read(partition) {
      const read = await documents.read<Written>(idOf(partition));
      return { from: START, to: START, ...read?.value, read };
    },
    move: ({ read }, { partition, from, to }) => documents.replace(idOf(partition), read, { from, to }),
  };
}
