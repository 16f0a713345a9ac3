import { fromHex, toHex } from '../../protocol/index.ts';
import type { Removal, RemovalProgress, Removals, StoredReceipt } from '../../services/pipeline/ports/removals.ts';
import { type KeyTables, type MemoryErasure, ownerName, requestsOf } from './memory-tables.ts';

/** How far the rooms are: in memory there are none, so a test says it. */
export type RoomProgress = Pick<RemovalProgress, 'indexer' | 'pinner' | 'swept' | 'exports'>;

interface Row {
  removal: Removal;
  readonly receipts: StoredReceipt[];
}

/** Memory twin of the erasures on their way, over the tables in which requests write them. */
export function createMemoryRemovals(tables: KeyTables, progress: (removal: Removal) => RoomProgress): Removals {
  const rows = new Map<string, Row>();
  const nameOf = (one: Pick<MemoryErasure, 'app' | 'wallet' | 'id'>) => ownerName(one) + toHex(one.id);
  const row = (erasure: MemoryErasure): Row => {
    const name = nameOf(erasure);
    const known = rows.get(name);
    // With a fence that nobody set here it was taken from the log of removals, where it stands once it is sent.
    const taken = erasure.fence !== null && (!known || known.removal.fence === null);
    if (known && !taken) return known;
    const way = taken ? ({ state: 'sent', sentAt: 0 } as const) : ({ state: 'committed', sentAt: null } as const);
    const made: Row = { removal: { ...erasure, ...way, pending: [], receipts: 0 }, receipts: [] };
    rows.set(name, made);
    return made;
  };
  const all = () => tables.erasures.map(row);
  const find = (named: Pick<MemoryErasure, 'app' | 'wallet' | 'id'>) =>
    all().find(({ removal }) => nameOf(removal) === nameOf(named));
  const move = (named: Pick<MemoryErasure, 'app' | 'wallet' | 'id'>, from: Removal['state'], to: Partial<Removal>) => {
    const found = find(named);
    if (found?.removal.state !== from) return false;
    found.removal = { ...found.removal, ...to };
    return true;
  };

  return {
    async open(limit, after) {
      const due = all().filter(({ removal }) => removal.state !== 'done' || removal.pending.length > 0);
      return due
        .map(({ removal }) => removal)
        .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
        .filter((removal) => !after || nameOf(removal) > nameOf(after))
        .slice(0, limit);
    },
    async fence(named, fence) {
      if (!move(named, 'committed', { state: 'fenced', fence })) return false;
      const at = tables.erasures.findIndex((one) => nameOf(one) === nameOf(named));
      tables.erasures[at] = { ...(tables.erasures[at] as MemoryErasure), fence };
      return true;
    },
    sent: async (named, sentAt) => move(named, 'fenced', { state: 'sent', sentAt }),
    async progress(removal) {
      const request = requestsOf(tables, removal).find((one) => one.request.id === toHex(removal.id))?.request;
      const mine = [...tables.accesses.values()].filter((one) => ownerName(one) === ownerName(removal));
      return {
        ...progress(removal),
        keysGiven: mine.filter((one) => one.reader.startsWith('wallet:')).length,
        clientMode: (tables.roots.get(ownerName(removal)) ?? []).some((root) => root.mode === 'client'),
        requestHash: request ? fromHex(request.hash, 32) : new Uint8Array(),
      };
    },
    async complete(removal, receipt, pending) {
      const found = find(removal);
      if (!found || found.receipts.length !== removal.receipts) return false;
      found.receipts.push(receipt);
      found.removal = { ...found.removal, state: 'done', pending, receipts: found.receipts.length };
      return true;
    },
    async find(named) {
      const found = find(named);
      return found ? { removal: found.removal, receipts: found.receipts } : null;
    },
  };
}
