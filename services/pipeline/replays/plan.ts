import type { IndexStore } from '../ports/index-store.ts';
import type { Position } from '../ports/positions.ts';
import type { Read, ReplaySpec } from '../ports/replays.ts';
import { nextSource } from './border.ts';
import { orderedSelection } from './selection.ts';

/** What would be read of a partition from one place. */
export interface PlannedRead extends Read {
  /** First and last origin. */
  readonly first: number;
  readonly last: number;
}

export interface PlannedPartition {
  readonly partition: number;
  readonly until: number;
  /** From the index and IPFS: batches of which some event may be wanted. */
  readonly index: PlannedRead | null;
  /** From Kafka, from this offset on. Counted as far as the index knows them: every record is read, and those that may hold nothing wanted are passed over. */
  readonly log: (PlannedRead & { readonly offset: number }) | null;
}

export interface PlanEdges {
  readonly index: Pick<IndexStore, 'checkpoints' | 'counted'>;
  indexed(partition: number): Promise<Position>;
  firstKept(partition: number): Promise<number>;
}

/** What a replay would read, from where, if it began now. */
export async function planReplay(
  { index, indexed, firstKept }: PlanEdges,
  spec: ReplaySpec,
  untils: ReadonlyMap<number, number>,
): Promise<PlannedPartition[]> {
  const planned: PlannedPartition[] = [];
  for (const [partition, until] of untils) {
    const selection = orderedSelection(spec, partition);
    const pairs = [...(await index.checkpoints(partition)), await indexed(partition)];
    const first = await firstKept(partition);
    const count = (after: number, upTo: number) => index.counted(selection, { after, upTo });
    let mark = -1;
    let next = nextSource({ next: 0, mark }, first, pairs);
    let fromIndex: PlannedRead | null = null;
    if (next.kind === 'index') {
      const last = Math.min(next.upTo, until);
      fromIndex = { first: 0, last, ...(await count(-1, last)) };
      mark = last;
      next = nextSource({ next: 0, mark }, first, pairs);
    }
    const log =
      next.kind === 'log' && mark < until
        ? { first: mark + 1, last: until, offset: next.from.next, ...(await count(mark, until)) }
        : null;
    planned.push({ partition, until, index: fromIndex, log });
  }
  return planned;
}
