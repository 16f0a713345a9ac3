import { rootOf, settlementLeaf } from '../../protocol/index.ts';
import type { Cut, Leaf, Owed } from '../pipeline/ports/settlement-store.ts';

/** An app that owes less than the minimum waits at most this long. */
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000;

/** Which apps are cut now: those that owe the minimum, or whose oldest leaf is 24 h old. */
export function dueApps(owed: readonly Owed[], minimum: bigint, now: number): Uint8Array[] {
  return owed.filter(({ fee, oldest }) => fee >= minimum || now - oldest >= LONGEST_WAIT_MS).map(({ app }) => app);
}

/** The hash of a leaf in the round's tree. */
const leafHash = (leaf: Leaf): Uint8Array => settlementLeaf(leaf);

/** Freezes one app's leaves: ordered by partition and origin, their root and their sums. The leaves must be of one app, at least one. */
export function planCut(leaves: readonly Leaf[]): Cut {
  const [first] = leaves;
  if (!first) throw new RangeError('A round of an app holds at least one leaf.');
  const ordered = [...leaves].sort((a, b) => a.partition - b.partition || a.origin - b.origin);
  return {
    app: first.app,
    leaves: ordered,
    root: rootOf(ordered.map(leafHash)),
    operations: ordered.reduce((sum, { count }) => sum + count, 0),
    bytes: ordered.reduce((sum, { bytes }) => sum + bytes, 0),
    fee: ordered.reduce((sum, { fee }) => sum + fee, 0n),
  };
}
