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
/** Records of removals in one send: each names 1,000 events at most, all together stay below the 1 MB that brokers take. */
const SHARED = 20;
/** A removal that waits for exports is looked at after a second, and then less and less often, up to each minute. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

export interface RemovalSweeperEdges {
  readonly network: string;
  readonly removals: Removals;
  readonly partitionOf: (wallet: Uint8Array) => number;
  /** End offset of a partition of `received`. */
  readonly endOffset: (partition: number) => Promise<number>;
  /** Resolve once the log has the record. */
  readonly requested: (records: readonly RemovalRecord[]) => Promise<void>;
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
 * process that died stopped; several processes repeat at most a look-up, a record or a signature. Erasures come first, and again before
 * each page of single events: however many of those there are, no erasure waits for them.
 */
export function sweepRemovals(edges: RemovalSweeperEdges): (signal: AbortSignal) => Promise<void> {
  /** Since when this process has seen a removal that waits for what was read before it. */
  let seen: Seen = new Map();
  /** When a removal that waits for exports is looked at again. */
  let waits: Waits = new Map();
  return async (signal) => {
    const found = new Set<string>();
    const look = async <K extends Removal['kind']>(kind: K, work: (page: readonly Removal[]) => Promise<void>) => {
      let last: Removal | undefined;
      // By pages: those that wait, for a paused partition or an export that is gone, must not hold up those behind them.
      do {
        const page = await edges.removals.open(kind, PAGE, last);
        for (const removal of page) found.add(nameOf(removal));
        await work(page);
        last = page.length === PAGE && !signal.aborted ? page.at(-1) : undefined;
      } while (last);
    };
    const erasures = () =>
      look('erase', async (page) => {
        for (const removal of page) {
          if (signal.aborted) return;
          if (removal.kind === 'erase') await advanceErasure(edges, removal, seen);
        }
      });
    await erasures();
    let isFirst = true;
    await look('remove', async (page) => {
      if (!isFirst) await erasures();
      isFirst = false;
      await advanceRemoves(edges, page, { seen, waits }, signal);
    });
    if (signal.aborted) return;
    seen = new Map([...seen].filter(([name]) => found.has(name)));
    waits = new Map([...waits].filter(([name]) => found.has(name)));
  };
}

type Seen = Map<string, number>;
type Waits = Map<string, { readonly until: number; readonly ms: number }>;
const nameOf = ({ app, wallet, id }: Removal): string => toHex(app) + toHex(wallet) + toHex(id);

/** Whether this process has seen the row for so long: from the moment at which it is seen it is committed, and whoever asks from then on is told. */
function hasSeen(edges: RemovalSweeperEdges, removal: Removal, seen: Seen, ms: number): boolean {
  const since = seen.get(nameOf(removal)) ?? edges.elapsed();
  seen.set(nameOf(removal), since);
  return edges.elapsed() - since >= ms;
}

/** Sends those that are new, several at once, and finishes those that are due. */
async function advanceRemoves(
  edges: RemovalSweeperEdges,
  page: readonly Removal[],
  { seen, waits }: { readonly seen: Seen; readonly waits: Waits },
  signal: AbortSignal,
): Promise<void> {
  const { removals, clock, faults, elapsed } = edges;
  const removes = page.flatMap((one) => (one.kind === 'remove' ? [one] : []));
  // Always counted: a removal that was sent by another process, or put back from the log, is waited for as well.
  const read = new Set(removes.filter((one) => hasSeen(edges, one, seen, REMOVED_FRESH_MS) || one.receipts > 0));
  const committed = removes.filter(({ state }) => state === 'committed');
  for (let at = 0; at < committed.length && !signal.aborted; at += SHARED) {
    const shared = committed.slice(at, at + SHARED);
    await edges.requested(shared.map(recordOf));
    faults.reach('after-removal-sent');
    for (const one of shared) await removals.sent(one, clock.now());
  }
  for (const one of removes) {
    if (signal.aborted) return;
    const name = nameOf(one);
    const wait = waits.get(name);
    if (one.state === 'committed' || !read.has(one) || (wait && elapsed() < wait.until)) continue;
    if (await finish(edges, one, edges.partitionOf(one.wallet))) {
      seen.delete(name);
      waits.delete(name);
    } else {
      const ms = Math.min(2 * (wait?.ms ?? FIRST_WAIT_MS / 2), LONGEST_WAIT_MS);
      waits.set(name, { until: elapsed() + ms, ms });
    }
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
    await edges.requested([{ ...record, kind: 'erase', selector: null }]);
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
