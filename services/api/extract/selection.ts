import type { Event } from '../../../protocol/index.ts';
import type { BatchSelection } from '../../pipeline/ports/index-store.ts';

/** Which events are wanted, as they were asked for. */
export interface Wanted {
  /** Event time, milliseconds since the epoch: `from` ≤ time < `to`. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly types?: readonly string[] | undefined;
  readonly session?: string | undefined;
  readonly id?: string | undefined;
}

/** Which batches may hold them. A session is in no column: it is looked for in the batches. */
export const batchesFor = (
  app: Uint8Array,
  wallet: Uint8Array | null,
  { from, to, types, id }: Wanted,
): BatchSelection => ({ app, wallet, from, to, types, id });

/** Whether an event is wanted; null where every one is. */
export function eventFilter({ from, to, types, session, id }: Wanted): ((event: Event) => boolean) | null {
  if (from === undefined && to === undefined && !types && session === undefined && id === undefined) return null;
  // Times all have one form, so their order is the order of their text.
  const first = from === undefined ? '' : new Date(from).toISOString();
  const end = to === undefined ? '~' : new Date(to).toISOString();
  const wanted = types && new Set(types);
  return (event) =>
    event.time >= first &&
    event.time < end &&
    (!wanted || wanted.has(event.type)) &&
    (session === undefined || event.session === session) &&
    (id === undefined || event.id === id);
}
