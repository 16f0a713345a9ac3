import { fromHex, toHex } from '../../../protocol/index.ts';
import type { Erasures, NamedErasure } from '../../pipeline/ports/erasures.ts';
import type { OrderState } from '../../pipeline/ports/removals.ts';
import type { RemovedEvents } from '../../pipeline/ports/removed-events.ts';
import type { HeldRow } from '../../pipeline/ports/sink.ts';
import { isErased } from '../../pipeline/rules/erasure.ts';

/** A row that an order reaches. */
export interface Reached {
  readonly row: HeldRow;
  readonly order: OrderState;
}

export interface JudgeEdges {
  /** Hex. */
  readonly app: string;
  readonly erasures: Pick<Erasures, 'all'>;
  readonly removedEvents: Pick<RemovedEvents, 'of'>;
}

/** A row does not say under which root it was sealed: none has this version. */
const NO_ROOT = -1;

/**
 * Tells which of these orders reaches a row, by the rules that readers apply. Of several erasures one that was reported is told; of several
 * removals the one that was signed last, which is all that is kept of them.
 * @param orders those that count: what was committed later reaches nothing here
 */
export async function judgeOf(
  { app, erasures, removedEvents }: JudgeEdges,
  orders: readonly OrderState[],
): Promise<(rows: readonly HeldRow[]) => Promise<readonly Reached[]>> {
  const known = new Map(orders.map((order) => [nameOf(order), order]));
  const wallets = new Set(orders.map(({ wallet }) => toHex(wallet)));
  const erased = new Map<string, { readonly order: OrderState; readonly erasure: NamedErasure }[]>();
  for (const erasure of await erasures.all()) {
    const order = known.get(nameOf(erasure));
    if (!order || toHex(erasure.app) !== app) continue;
    const wallet = toHex(erasure.wallet);
    erased.set(wallet, [...(erased.get(wallet) ?? []), { order, erasure }]);
  }

  function erasureOf({ wallet, origin, issuedAt }: HeldRow): OrderState | null {
    const reaching = (erased.get(wallet) ?? []).filter(({ erasure }) =>
      isErased({ origin, issuedAt, rootVersion: NO_ROOT }, [erasure]),
    );
    return (reaching.find(({ order }) => order.reportedAt !== null) ?? reaching[0])?.order ?? null;
  }

  return async (rows) => {
    const found: Reached[] = [];
    const left: HeldRow[] = [];
    for (const row of rows) {
      if (!wallets.has(row.wallet)) continue;
      const order = erasureOf(row);
      if (order) found.push({ row, order });
      else left.push(row);
    }
    const removed = await removedEvents.of(
      left.map(({ wallet, eventId, time, session, issuedAt }) => ({
        ...{ app: fromHex(app, 32), wallet: fromHex(wallet, 32), id: eventId, time, session, issuedAt },
      })),
    );
    for (const [i, row] of left.entries()) {
      const by = removed[i];
      const order = by && known.get(nameOf({ wallet: fromHex(row.wallet, 32), id: by.id }));
      if (order) found.push({ row, order });
    }
    return found;
  };
}

const nameOf = ({ wallet, id }: { wallet: Uint8Array; id: Uint8Array }) => `${toHex(wallet)}/${toHex(id)}`;
