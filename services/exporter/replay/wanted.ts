import { fromHex, toHex } from '../../../protocol/index.ts';
import type { OrderedSelection } from '../../pipeline/ports/index-store.ts';
import type { ReplaySpec } from '../../pipeline/ports/replays.ts';
import type { ExportRow } from '../../pipeline/ports/sink.ts';
import type { PinnedRecord } from '../live-batch.ts';

type Wish = Pick<ReplaySpec, 'app' | 'wallet' | 'types' | 'from' | 'to'>;

/** What the index is asked for: batches of which some event may be wanted. */
export const orderedSelection = ({ app, wallet, types, from, to }: Wish, partition: number): OrderedSelection => ({
  app: fromHex(app, 32),
  wallet: wallet === null ? null : fromHex(wallet, 32),
  partition,
  ...(types === null ? {} : { types }),
  ...(from === null ? {} : { from }),
  ...(to === null ? {} : { to }),
});

/** The same of a record of `pinned`. */
export function mayHoldWanted({ app, wallet, types, from, to }: Wish): (record: PinnedRecord) => boolean {
  return ({ value }) => {
    if (!value.body || toHex(value.app) !== app || (wallet !== null && toHex(value.wallet) !== wallet)) return false;
    const { summary } = value.body;
    if ((from !== null && summary.timeMax < from) || (to !== null && summary.timeMin >= to)) return false;
    return types === null || summary.types.some((type) => types.includes(type));
  };
}

/** Whether the time of an event is wanted. Its batch was. */
export const isInTime =
  ({ from, to }: Pick<Wish, 'from' | 'to'>) =>
  ({ time }: Pick<ExportRow, 'time'>): boolean =>
    (from === null || time >= from) && (to === null || time < to);
