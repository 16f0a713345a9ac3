import type { Cbor } from '../../../protocol/index.ts';
import type { ErasureOnItsWay, RemovalProgress } from '../../pipeline/ports/removals.ts';

/**
 * What the receipt of an erasure claims: what nobody can read any more, what stays for a while, and what is out of reach. Nothing else.
 * @param completedAt milliseconds since the epoch
 */
export function erasureReceipt(
  removal: ErasureOnItsWay,
  progress: RemovalProgress,
  exports: { readonly applied: readonly string[]; readonly pending: readonly string[] },
  place: { readonly network: string; readonly partition: number; readonly keksRotate: boolean },
  completedAt: number,
): { [name: string]: Cbor } {
  const { app, wallet, id, issuedAt, fence, rootVersions, receipts } = removal;
  const rowsOf = new Map(progress.exports.map(({ name, rows }) => [name, rows]));
  return {
    v: 1,
    kind: 'erasure',
    network: place.network,
    app,
    wallet,
    request: { id, hash: progress.requestHash, issuedAt },
    number: receipts + 1,
    completedAt,
    fence: { partition: place.partition, offset: fence ?? 0 },
    rootVersions: [...rootVersions],
    unreadable: ['received', 'dead letters', 'encrypted', 'pinned', 'ipfs'],
    deleted: ['index'],
    exports: {
      applied: exports.applied.map((name) => ({ name, rows: rowsOf.get(name) ?? 0 })),
      pending: [...exports.pending],
    },
    // Wallet, types and times are in the records of Kafka; wrapped roots in what the database has written before.
    untilRetention: { topics: ['received', 'encrypted', 'pinned', 'dead letters'], days: 30 },
    // Where somebody else keeps the keys nobody here can promise when an old one is destroyed.
    untilKekRotation: { what: ['write-ahead log', 'dead tuples', 'backups'], ...(place.keksRotate ? { days: 7 } : {}) },
    physicalRemoval: 'pending',
    outOfReach: { keysGiven: progress.keysGiven, clientMode: progress.clientMode ? 1 : 0 },
  };
}
