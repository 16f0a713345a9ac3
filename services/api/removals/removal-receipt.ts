import { type Cbor, fromHex } from '../../../protocol/index.ts';
import type { RemovalProgress, RemoveOnItsWay } from '../../pipeline/ports/removals.ts';
import type { Selector } from '../../pipeline/rules/removal.ts';

const IN_KAFKA = ['ddc.batches.received', 'ddc.batches.dead', 'ddc.batches.encrypted', 'ddc.batches.pinned'];

/**
 * What the receipt of a removal of single events claims, store by store. Nothing is deleted but what exports held: everything else is
 * encrypted, and stays so until its topic's retention or until compaction.
 * @param completedAt milliseconds since the epoch
 */
export function removalReceipt(
  removal: RemoveOnItsWay,
  progress: RemovalProgress,
  exports: { readonly applied: readonly string[]; readonly pending: readonly string[] },
  network: string,
  completedAt: number,
): { [name: string]: Cbor } {
  const { app, wallet, id, issuedAt, receipts, selector } = removal;
  const rowsOf = new Map(progress.exports.map(({ name, rows }) => [name, rows]));
  return {
    v: 1,
    kind: 'removal',
    network,
    app,
    wallet,
    request: { id, hash: progress.requestHash, issuedAt },
    number: receipts + 1,
    completedAt,
    selector: stated(selector),
    stores: {
      api: 'invalidated',
      index: 'no content',
      ...Object.fromEntries(IN_KAFKA.map((topic) => [topic, 'until retention'])),
      ipfs: 'pending',
      ...Object.fromEntries(exports.applied.map((name) => [`export:${name}`, 'removed'])),
      ...Object.fromEntries(exports.pending.map((name) => [`export:${name}`, 'pending'])),
    },
    exports: {
      applied: exports.applied.map((name) => ({ name, rows: rowsOf.get(name) ?? 0 })),
      pending: [...exports.pending],
    },
    untilRetention: { topics: IN_KAFKA, days: 30 },
    physicalRemoval: 'pending',
    outOfReach: { keysGiven: progress.keysGiven, clientMode: progress.clientMode ? 1 : 0 },
  };
}

function stated(selector: Selector): { [name: string]: Cbor } {
  if ('events' in selector) return { events: [...selector.events] };
  return 'session' in selector ? { session: fromHex(selector.session, 32) } : { ...selector };
}
