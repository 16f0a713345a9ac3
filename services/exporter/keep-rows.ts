import { fromHex } from '../../protocol/index.ts';
import type { RemovedEvents } from '../pipeline/ports/removed-events.ts';
import type { ExportRow, KeepRows } from '../pipeline/ports/sink.ts';
import type { Owner } from '../pipeline/ports/vault.ts';

/** Rows of events that are not removed at this moment. Only owners of whom anything was ever removed are asked about row by row. */
export function keepRows(removedEvents: Pick<RemovedEvents, 'any' | 'of'>): KeepRows {
  return async (rows) => {
    const { owners, numbers } = ownersIn(rows);
    const any = await removedEvents.any(owners);
    if (!any.includes(true)) return rows;
    const isAsked = (i: number) => any[numbers[i] as number] === true;
    const events = rows.flatMap(({ eventId, time, session, issuedAt }, i) => {
      const owner = owners[numbers[i] as number];
      return owner && isAsked(i) ? [{ ...owner, id: eventId, time, session, issuedAt }] : [];
    });
    const removed = await removedEvents.of(events);
    let asked = 0;
    return rows.filter((_, i) => !isAsked(i) || removed[asked++] === null);
  };
}

/** Owners once each, and for every row the number of its own. Rows of a batch follow each other. */
function ownersIn(rows: readonly ExportRow[]): { readonly owners: Owner[]; readonly numbers: Uint32Array } {
  const known = new Map<string, number>();
  const owners: Owner[] = [];
  const numbers = new Uint32Array(rows.length);
  let [app, wallet, number] = ['', '', 0];
  for (const [i, row] of rows.entries()) {
    if (row.wallet !== wallet || row.app !== app) {
      ({ app, wallet } = row);
      const name = app + wallet;
      number = known.get(name) ?? owners.push({ app: fromHex(app, 32), wallet: fromHex(wallet, 32) }) - 1;
      known.set(name, number);
    }
    numbers[i] = number;
  }
  return { owners, numbers };
}
