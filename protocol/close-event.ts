import { fromHex, toHex } from './bytes.ts';
import type { Event, Scope } from './event.ts';
import { commitment } from './leaf.ts';

const closeScope = (scope: Scope) => ({
  commitment: 'data' in scope ? toHex(commitment(fromHex(scope.salt, 16), scope.data)) : scope.commitment,
});

/**
 * The same event, the same leaf, with every scope not in `keepOpen` reduced to `{commitment}`.
 * @example leafOf(closeEvent(event)) // the same bytes as leafOf(event)
 * @throws ProtocolError `hex` or `data` when the event was not checked by `parseEvent` before.
 */
export function closeEvent(event: Event, keepOpen: ReadonlySet<string> = new Set()): Event {
  const scopes: Record<string, Scope> = {};
  for (const [name, scope] of Object.entries(event.scopes)) {
    scopes[name] = keepOpen.has(name) ? scope : closeScope(scope);
  }
  return {
    id: event.id,
    type: event.type,
    time: event.time,
    ...(event.session === undefined ? {} : { session: event.session }),
    ...(event.blob === undefined ? {} : { blob: event.blob }),
    scopes,
  };
}
