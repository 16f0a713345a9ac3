import { fromHex, toHex } from '../../protocol/index.ts';
import type { Removal, RemovalProgress, Removals, StoredReceipt } from '../../services/pipeline/ports/removals.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Selector } from '../../services/pipeline/rules/removal.ts';
import { type KeyTables, ownerName, requestsOf } from './memory-tables.ts';

/** How far the rooms are: in memory there are none, so a test says it. */
export type RoomProgress = Pick<RemovalProgress, 'indexer' | 'pinner' | 'swept' | 'exports'>;

interface Row {
  removal: Removal;
  readonly receipts: StoredReceipt[];
}

type Named = Owner & { readonly id: Uint8Array };

/** Memory twin of the removals on their way, over the tables in which requests write them. */
export function createMemoryRemovals(tables: KeyTables, progress: (removal: Removal) => RoomProgress): Removals {
  const rows = new Map<string, Row>();
  const nameOf = (one: Named) => ownerName(one) + toHex(one.id);
  const all = (): Row[] => [
    ...tables.erasures.map((one) => {
      const known = rows.get(nameOf(one));
      // With a fence that nobody set here it was taken from the log of removals, where it stands once it is sent.
      const taken = one.fence !== null && (known?.removal.kind !== 'erase' || known.removal.fence === null);
      return taken || !known ? row({ ...one, kind: 'erase', ...wayOf(taken) }) : known;
    }),
    ...tables.removals.map(
      ({ taken = false, done: _, ...one }) => rows.get(nameOf(one)) ?? row({ ...one, kind: 'remove', ...wayOf(taken) }),
    ),
  ];
  const row = (removal: Removal): Row => {
    const made = { removal, receipts: [] };
    rows.set(nameOf(removal), made);
    return made;
  };
  const find = (named: Named) => all().find(({ removal }) => nameOf(removal) === nameOf(named));
  const move = (named: Named, from: (removal: Removal) => Removal['state'] | null, to: Partial<Removal>) => {
    const found = find(named);
    if (!found || found.removal.state !== from(found.removal)) return false;
    found.removal = { ...found.removal, ...to } as Removal;
    return true;
  };

  return {
    async open(kind, limit, after) {
      const due = all().filter(({ removal }) => removal.state !== 'done' || removal.pending.length > 0);
      return due
        .map(({ removal }) => removal)
        .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
        .filter((removal) => removal.kind === kind && (!after || nameOf(removal) > nameOf(after)))
        .slice(0, limit);
    },
    async fence(named, fence) {
      const isErasure = (removal: Removal) => (removal.kind === 'erase' ? 'committed' : null);
      if (!move(named, isErasure, { state: 'fenced', fence })) return false;
      const at = tables.erasures.findIndex((one) => nameOf(one) === nameOf(named));
      const erasure = tables.erasures[at];
      if (erasure) tables.erasures[at] = { ...erasure, fence };
      return true;
    },
    sent: async (named, sentAt) =>
      move(named, ({ kind }) => (kind === 'erase' ? 'fenced' : 'committed'), { state: 'sent', sentAt }),
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
      const at = tables.removals.findIndex((one) => nameOf(one) === nameOf(removal));
      const row = tables.removals[at];
      if (row) tables.removals[at] = { ...row, done: pending.length === 0 };
      return true;
    },
    async find(named) {
      const found = find(named);
      return found ? { removal: found.removal, receipts: found.receipts } : null;
    },
    async list(owner, { after, limit }) {
      const mine = all().flatMap(({ removal }) => (ownerName(removal) === ownerName(owner) ? [removal] : []));
      const lastFirst = (a: Pick<Removal, 'id' | 'issuedAt'>, b: Pick<Removal, 'id' | 'issuedAt'>) =>
        b.issuedAt - a.issuedAt || Buffer.compare(b.id, a.id);
      return mine
        .filter((one) => !after || lastFirst(one, after) > 0)
        .sort(lastFirst)
        .slice(0, limit)
        .map((one) => {
          const { id, issuedAt, state, pending, receipts } = one;
          return { id, issuedAt, state, pending, receipts, selects: one.kind === 'erase' ? null : shown(one.selector) };
        });
    },
  };
}

const wayOf = (taken: boolean) => ({
  ...(taken ? ({ state: 'sent', sentAt: 0 } as const) : ({ state: 'committed', sentAt: null } as const)),
  pending: [],
  receipts: 0,
});

function shown(selector: Selector) {
  if ('events' in selector) return { events: selector.events.length };
  return 'session' in selector ? { session: true as const } : selector;
}
