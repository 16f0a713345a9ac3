import { fromHex } from '../../protocol/index.ts';
import type { RemovedEvents } from '../pipeline/ports/removed-events.ts';
import type { ExportRow, KeepRows } from '../pipeline/ports/sink.ts';

/** Rows of events that are not removed at this moment. */
export function keepRows(removedEvents: Pick<RemovedEvents, 'of'>): KeepRows {
  return async (rows) => {
    const owners = new Map<string, { app: Uint8Array; wallet: Uint8Array }>();
    const ownerOf = ({ app, wallet }: ExportRow) => {
      const known = owners.get(app + wallet) ?? { app: fromHex(app, 32), wallet: fromHex(wallet, 32) };
      owners.set(app + wallet, known);
      return known;
    };
    const events = rows.map((row) => {
      const { eventId, time, session, issuedAt } = row;
      return { ...ownerOf(row), id: eventId, time, session, issuedAt };
    });
    const removed = await removedEvents.of(events);
    return rows.filter((_, i) => removed[i] === null);
  };
}
