import type { RemovedBy, RemovedEvents } from '../../services/pipeline/ports/removed-events.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import { type Selecting, selects, selectsWhole } from '../../services/pipeline/rules/removal.ts';
import { type KeyTables, ownerName } from './memory-tables.ts';

/** Memory twin of the removed events, over the tables in which requests write removals. */
export function createMemoryRemovedEvents(tables: Pick<KeyTables, 'removals'>): RemovedEvents {
  const lastOf = (owner: Owner, isSelecting: (removal: Selecting) => boolean): RemovedBy | null => {
    const mine = tables.removals.filter((one) => ownerName(one) === ownerName(owner) && isSelecting(one));
    const [last] = mine.sort((a, b) => b.issuedAt - a.issuedAt || Buffer.compare(b.id, a.id));
    return last ? { id: last.id, issuedAt: last.issuedAt } : null;
  };
  return {
    any: async (owners) =>
      owners.map((owner) => tables.removals.some((one) => ownerName(one) === ownerName(owner) && 'selector' in one)),
    of: async (events) => events.map((event) => lastOf(event, (removal) => selects(event, removal, event))),
    ofSealed: async (batches) => batches.map((batch) => lastOf(batch, (removal) => selectsWhole(removal, batch))),
  };
}
