import { type Cbor, type Receipt, toHex } from '../../../protocol/index.ts';
import type { RemovalCompleted, Removal as RemovalRecord } from '../../../schemas/index.ts';
import type { Clock } from '../../pipeline/clock.ts';
import type { Faults } from '../../pipeline/faults.ts';
import type { Removal, Removals } from '../../pipeline/ports/removals.ts';
import { type Owner, VAULT_CACHE_MS } from '../../pipeline/ports/vault.ts';
import { erasureReceipt } from './erasure-receipt.ts';
import { nextStep } from './next-step.ts';

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
 * One look over all erasures that are not done: each goes one step on. What it needs to know is in the table, so it goes on where a
 * process that died stopped; several processes repeat at most a look-up, a record or a signature.
 */
export function sweepRemovals(edges: RemovalSweeperEdges): (signal: AbortSignal) => Promise<void> {
  /** Since when this process has seen a removal as committed. */
  const seen = new Map<string, number>();
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

async function advance(edges: RemovalSweeperEdges, removal: Removal, seen: Map<string, number>): Promise<void> {
  const { removals, clock, faults } = edges;
  const partition = edges.partitionOf(removal.wallet);
  if (removal.state === 'committed') {
    // From the moment at which the row is seen it is committed: whatever loads a key from then on finds none.
    const name = toHex(removal.app) + toHex(removal.wallet) + toHex(removal.id);
    const since = seen.get(name) ?? edges.elapsed();
    seen.set(name, since);
    if (edges.elapsed() - since < VAULT_CACHE_MS) return;
    // No upload begins under these roots any more, so none is missed.
    await edges.eraseBlobs(removal, removal.rootVersions);
    await removals.fence(removal, await edges.endOffset(partition));
    seen.delete(name);
    faults.reach('after-fence');
  } else if (removal.state === 'fenced') {
    const { id, app, wallet, fence, issuedAt, rootVersions } = removal;
    await edges.requested({ id, app, wallet, kind: 'erase', fence, issuedAt, rootVersions: [...rootVersions] });
    faults.reach('after-removal-sent');
    await removals.sent(removal, clock.now());
  } else {
    await finish(edges, removal, partition);
  }
}

async function finish(edges: RemovalSweeperEdges, removal: Removal, partition: number): Promise<void> {
  const { removals, clock, faults, network, keksRotate } = edges;
  const progress = await removals.progress(removal, partition);
  const now = clock.now();
  const step = nextStep(removal, progress, now);
  if (step.kind === 'wait') return;
  const receipt = edges.sign(erasureReceipt(removal, progress, step, { network, partition, keksRotate }, now));
  const isFirst = removal.receipts === 0;
  const exports = step.applied.filter((name) => isFirst || removal.pending.includes(name));
  const reporters = [...(isFirst ? ['indexer', 'pinner'] : []), ...exports.map((name) => `exporter:${name}`)];
  await edges.completed(reporters.map((reporter) => ({ id: removal.id, reporter, completedAt: now })));
  faults.reach('before-receipt');
  const { payload, key, signature } = receipt;
  if (!(await removals.complete(removal, { payload, key, signature }, step.pending))) return;
  edges.onReceipt(step.pending.length);
  faults.reach('after-receipt');
}
