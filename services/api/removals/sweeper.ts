import { type Cbor, type Receipt, toHex } from '../../../protocol/index.ts';
import type { RemovalCompleted, Removal as RemovalRecord } from '../../../schemas/index.ts';
import type { Clock } from '../../pipeline/clock.ts';
import type { Faults } from '../../pipeline/faults.ts';
import type { ErasureOnItsWay, Removal, Removals } from '../../pipeline/ports/removals.ts';
import { REMOVED_FRESH_MS } from '../../pipeline/ports/removed-events.ts';
import { type Owner, VAULT_CACHE_MS } from '../../pipeline/ports/vault.ts';
import { erasureReceipt } from './erasure-receipt.ts';
import { nextStep } from './next-step.ts';
import { removalReceipt } from './removal-receipt.ts';
import { recordOf } from './removal-record.ts';

const PAGE = 200;

export interface RemovalSweeperEdges {
  readonly network: string;
  readonly removals: Removals;
  readonly partitionOf: (wallet: Uint8Array) => number;
  /** End offset of a partition of `received`. */
  readonly endOffset: (partition: number) => Promise<number>;
  /** Resolve once the log has the record. */
  readonly requested: (record: RemovalRecord) => Promise<void>;
  readonly completed: (records: readonly RemovalCompleted[]) => Promise<void>;
  readonly sign: (payload: { [name: string]: Cbor }) => Receipt;
  /** Gives up the blobs of the owner under these roots. */
  readonly eraseBlobs: (owner: Owner, rootVersions: readonly number[]) => Promise<unknown>;
  /** Old key-encryption keys are destroyed by this deployment itself. */
  readonly keksRotate: boolean;
  readonly clock: Pick<Clock, 'now'>;
  /** Milliseconds, monotonic: for the wait that no clock that is set ahead may shorten. */
  readonly elapsed: () => number;
  readonly faults: Pick<Faults, 'reach'>;
  onReceipt(pending: number): void;
}

/**
 * One look over all removals that are not done: each goes one step on. What it needs to know is in the table, so it goes on where a
 * process that died stopped; several processes repeat at most a look-up, a record or a signature.
 */
export function sweepRemovals(edges: RemovalSweeperEdges): (signal: AbortSignal) => Promise<void> {
  /** Since when this process has seen a removal that waits for what was read before it. */
  const seen: Seen = new Map();
  return async (signal) => {
    let last: Removal | undefined;
    // By pages: those that wait, for a paused partition or an export that is gone, must not hold up those behind them.
    do {
      const page = await edges.removals.open(PAGE, last);
      for (const removal of page) {
        if (signal.aborted) return;
        await advance(edges, removal, seen);
      }
      last = page.length === PAGE ? page.at(-1) : undefined;
    } while (last);
  };
}

type Seen = Map<string, number>;
const nameOf = ({ app, wallet, id }: Removal): string => toHex(app) + toHex(wallet) + toHex(id);

/** Whether this process has seen the row for so long: from the moment at which it is seen it is committed, and whoever asks from then on is told. */
function hasSeen(edges: RemovalSweeperEdges, removal: Removal, seen: Seen, ms: number): boolean {
  const since = seen.get(nameOf(removal)) ?? edges.elapsed();
  seen.set(nameOf(removal), since);
  return edges.elapsed() - since >= ms;
}

async function advance(edges: RemovalSweeperEdges, removal: Removal, seen: Seen): Promise<void> {
  if (removal.kind === 'erase') return advanceErasure(edges, removal, seen);
  const { removals, clock, faults } = edges;
  // Always counted: a removal that was sent by another process, or put back from the log, is waited for as well.
  const isRead = hasSeen(edges, removal, seen, REMOVED_FRESH_MS) || removal.receipts > 0;
  if (removal.state === 'committed') {
    await edges.requested(recordOf(removal));
    faults.reach('after-removal-sent');
    await removals.sent(removal, clock.now());
  } else if (isRead && (await finish(edges, removal, edges.partitionOf(removal.wallet)))) {
    seen.delete(nameOf(removal));
  }
}

async function advanceErasure(edges: RemovalSweeperEdges, removal: ErasureOnItsWay, seen: Seen): Promise<void> {
  const { removals, clock, faults } = edges;
  const partition = edges.partitionOf(removal.wallet);
  if (removal.state === 'committed') {
    // Whatever loads a key from then on finds none.
    if (!hasSeen(edges, removal, seen, VAULT_CACHE_MS)) return;
    // No upload begins under these roots any more, so none is missed.
    await edges.eraseBlobs(removal, removal.rootVersions);
    await removals.fence(removal, await edges.endOffset(partition));
    seen.delete(nameOf(removal));
    faults.reach('after-fence');
  } else if (removal.state === 'fenced') {
    const { id, app, wallet, fence, issuedAt, rootVersions } = removal;
    const record = { id, app, wallet, fence, issuedAt, rootVersions: [...rootVersions] };
    await edges.requested({ ...record, kind: 'erase', selector: null });
    faults.reach('after-removal-sent');
    await removals.sent(removal, clock.now());
  } else {
    await finish(edges, removal, partition);
  }
}

/** @returns whether a receipt was made */
async function finish(edges: RemovalSweeperEdges, removal: Removal, partition: number): Promise<boolean> {
  const { removals, clock, faults, network, keksRotate } = edges;
  const progress = await removals.progress(removal, partition);
  const now = clock.now();
  const step = nextStep(removal, progress, now);
  if (step.kind === 'wait') return false;
  const stated =
    removal.kind === 'erase'
      ? erasureReceipt(removal, progress, step, { network, partition, keksRotate }, now)
      : removalReceipt(removal, progress, step, network, now);
  const receipt = edges.sign(stated);
  const isFirst = removal.receipts === 0;
  const exports = step.applied.filter((name) => isFirst || removal.pending.includes(name));
  const rooms = isFirst && removal.kind === 'erase' ? ['indexer', 'pinner'] : [];
  const reporters = [...rooms, ...exports.map((name) => `exporter:${name}`)];
  await edges.completed(reporters.map((reporter) => ({ id: removal.id, reporter, completedAt: now })));
  faults.reach('before-receipt');
  const { payload, key, signature } = receipt;
  if (!(await removals.complete(removal, { payload, key, signature }, step.pending))) return false;
  edges.onReceipt(step.pending.length);
  faults.reach('after-receipt');
  return true;
}
