import { fromHex, toHex } from '../../../protocol/index.ts';
import type { Removal as RemovalRecord, RemovalSelector } from '../../../schemas/index.ts';
import type { NamedRemove } from '../../pipeline/ports/removals.ts';
import type { Selector } from '../../pipeline/rules/removal.ts';

const NOTHING: RemovalSelector = { events: [], from: null, to: null, session: null };

/** A removal of single events as the log keeps it. */
export const recordOf = ({ id, app, wallet, issuedAt, selector }: NamedRemove): RemovalRecord => ({
  ...{ id, app, wallet, kind: 'remove', fence: null, rootVersions: [], issuedAt },
  selector: {
    ...NOTHING,
    ...('session' in selector ? { session: fromHex(selector.session, 32) } : withOwnEvents(selector)),
  },
});

const withOwnEvents = (selector: Exclude<Selector, { session: string }>) =>
  'events' in selector ? { events: [...selector.events] } : selector;

/** What the log says of a removal of single events; null where a record says nothing that could be applied. */
export function removeOf({ id, app, wallet, issuedAt, selector }: RemovalRecord): NamedRemove | null {
  const selected = selector && selectorIn(selector);
  return selected && { id, app, wallet, issuedAt, selector: selected };
}

function selectorIn({ events, from, to, session }: RemovalSelector): Selector | null {
  if (session) return { session: toHex(session) };
  if (from !== null && to !== null) return { from, to };
  return events.length > 0 ? { events } : null;
}
