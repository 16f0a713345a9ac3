import { toHex } from '../../../protocol/index.ts';
import type { ExportRow } from '../../pipeline/ports/sink.ts';
import type { Wish } from '../../pipeline/replays/selection.ts';
import type { PinnedRecord } from '../live-batch.ts';

/** Whether some event of a record of `pinned` may be wanted: what the index is asked for, of a record. */
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
