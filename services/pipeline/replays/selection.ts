import { fromHex } from '../../../protocol/index.ts';
import type { OrderedSelection } from '../ports/index-store.ts';
import type { ReplaySpec } from '../ports/replays.ts';

/** What of an app a replay is about. */
export type Wish = Pick<ReplaySpec, 'app' | 'wallet' | 'types' | 'from' | 'to'>;

/** What the index is asked for: batches of which some event may be wanted. */
export const orderedSelection = ({ app, wallet, types, from, to }: Wish, partition: number): OrderedSelection => ({
  app: fromHex(app, 32),
  wallet: wallet === null ? null : fromHex(wallet, 32),
  partition,
  ...(types === null ? {} : { types }),
  ...(from === null ? {} : { from }),
  ...(to === null ? {} : { to }),
});
