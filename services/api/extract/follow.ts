import { setTimeout as pause } from 'node:timers/promises';
import type { BatchSelection, IndexStore } from '../../pipeline/ports/index-store.ts';
import type { Owner } from '../../pipeline/ports/vault.ts';
import { isLive } from '../disclosures/disclosed-events.ts';
import { groupsOf } from './batch-groups.ts';
import { BEFORE_ALL, type FollowCursors, type FollowPlace, type PartitionPlace } from './follow-cursor.ts';
import type { Order, OrderedGroup } from './order.ts';

/** How often is looked for what was indexed since. Milliseconds. */
const LOOK_MS = 500;
const PAGE = 200;

export interface FollowDeps {
  readonly index: Pick<IndexStore, 'inOrder'>;
  /** Up to which origin a partition is indexed, as of so many milliseconds ago at most. */
  readonly indexed: (partition: number, freshMs: number) => Promise<number>;
  readonly followCursors: FollowCursors;
}

export interface Followed {
  readonly selection: BatchSelection;
  /** In which its batches are. */
  readonly partitions: readonly number[];
  readonly after: string | null;
  readonly start: 'beginning' | 'now';
  /** When it ends, milliseconds, monotonic; null: once it has told what there is. */
  readonly until: number | null;
  /** Whether it goes on waiting for what is indexed later. */
  goesOn(): boolean;
}

/**
 * In the order in which batches were accepted, of each partition, and on and on: what is recorded later comes later, whatever time its events say.
 * A reader that comes back with the place that it was told misses nothing.
 */
export function orderOfLog(deps: FollowDeps, owner: Owner, followed: Followed): Order<FollowPlace> {
  const { index, indexed, followCursors } = deps;
  const { selection, partitions, after, start, until, goesOn } = followed;
  const placeIn = (at: FollowPlace | null, partition: number): PartitionPlace => at?.get(partition) ?? BEFORE_ALL;
  const moved = (at: FollowPlace | null, partition: number, place: PartitionPlace): FollowPlace =>
    new Map(at ?? []).set(partition, place);

  async function* stretch(partition: number, from: number, upTo: number): AsyncGenerator<OrderedGroup<FollowPlace>> {
    for (let after = from; after < upTo; ) {
      const { batches, reached } = await index.inOrder({ ...selection, partition }, { after, upTo }, { limit: PAGE });
      for (const group of groupsOf(batches.filter(isLive))) yield { batches: group };
      // What is not of the selection is behind it, too.
      yield { batches: [], behind: (at) => moved(at, partition, { mark: reached, within: null }) };
      after = reached;
    }
  }

  return {
    until,
    tellsAll: false,
    tellsPlace: true,
    async begin() {
      if (after !== null) return followCursors.read(owner, after);
      let at: FollowPlace = new Map();
      for (const partition of partitions)
        if (start === 'now') at = moved(at, partition, { mark: await indexed(partition, 0), within: null });
      return at;
    },
    show: (at) => followCursors.show(owner, at),
    async *groups(at) {
      const reached = new Map(partitions.map((partition) => [partition, placeIn(at, partition).mark]));
      for (let freshMs = 0; ; freshMs = LOOK_MS / 2) {
        // What is indexed from here on may wait for another stream.
        const isLast = !goesOn();
        for (const partition of partitions) {
          const upTo = await indexed(partition, freshMs);
          yield* stretch(partition, reached.get(partition) ?? -1, upTo);
          reached.set(partition, Math.max(upTo, reached.get(partition) ?? -1));
        }
        if (isLast) return;
        yield { batches: [] };
        await pause(LOOK_MS);
      }
    },
    nextIn({ partition, origin, body }, at) {
      const { mark, within } = placeIn(at, partition);
      if (origin <= mark) return body.summary.count;
      return within?.origin === origin ? within.index + 1 : 0;
    },
    behind(at, { partition, origin, body }, index) {
      const { mark } = placeIn(at, partition);
      const isLast = index >= body.summary.count - 1;
      return moved(at, partition, isLast ? { mark: origin, within: null } : { mark, within: { origin, index } });
    },
  };
}
