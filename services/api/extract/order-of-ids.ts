import { toHex } from '../../../protocol/index.ts';
import type { IndexStore } from '../../pipeline/ports/index-store.ts';
import { isLive } from '../disclosures/disclosed-events.ts';
import { groupsOf } from './batch-groups.ts';
import { lineOf } from './event-lines.ts';
import type { Order } from './order.ts';

/** Number of a batch among those that were named, and of the event in it. */
interface NamedPlace {
  readonly batch: number;
  readonly index: number;
}

/**
 * Batches that were named, in the order of the names. Those that are not the app's, or not live, are left out as if there were nothing; those
 * that are not in the index, perhaps not yet, are told at the end.
 */
export function orderOfIds(
  index: Pick<IndexStore, 'batches'>,
  app: Uint8Array,
  ids: readonly Uint8Array[],
): Order<NamedPlace> {
  const numbers = new Map(ids.map((id, number) => [toHex(id), number]));
  const numberOf = ({ batchId }: { readonly batchId: Uint8Array }) => numbers.get(toHex(batchId)) ?? 0;
  const unknown: string[] = [];
  return {
    until: null,
    tellsAll: false,
    tellsPlace: false,
    last: () => unknown,
    begin: async () => null,
    show: () => null,
    async *groups() {
      const found = await index.batches(ids);
      for (const [number, id] of ids.entries()) if (!found[number]) unknown.push(lineOf('unknown', { id: toHex(id) }));
      const mine = found.filter(isLive).filter((batch) => Buffer.compare(batch.app, app) === 0);
      for (const batches of groupsOf(mine)) yield { batches };
    },
    nextIn(batch, at) {
      if (!at) return 0;
      const number = numberOf(batch);
      if (number === at.batch) return at.index + 1;
      return number < at.batch ? batch.body.summary.count : 0;
    },
    behind: (_, batch, index) => ({ batch: numberOf(batch), index }),
  };
}
