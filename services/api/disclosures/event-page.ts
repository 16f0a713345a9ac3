import { setImmediate } from 'node:timers/promises';
import { scrub, toBase64url, toHex } from '../../../protocol/index.ts';
import { FatalError } from '../../pipeline/errors.ts';
import type { IndexedBatch, IndexStore } from '../../pipeline/ports/index-store.ts';
import type { IpfsCluster } from '../../pipeline/ports/ipfs.ts';
import type { OpenRoot, Owner, Vault } from '../../pipeline/ports/vault.ts';
import { SegmentReader } from '../../pipeline/segment-reader.ts';
import { type Cursor, showCursor } from './cursor.ts';
import { type DisclosedEvent, disclosedEvents, type LiveBatch, sealedEvents } from './disclosed-events.ts';
import type { EventReader } from './may-open.ts';

export interface EventPagesDeps {
  readonly index: Pick<IndexStore, 'batches' | 'ofWallet' | 'withEvent'>;
  readonly vault: Pick<Vault, 'roots'>;
  readonly clusters: ReadonlyMap<string, Pick<IpfsCluster, 'block'>>;
}

export interface EventPage {
  readonly events: readonly DisclosedEvent[];
  /** Batch id → meta envelope in base64url, of those whose content is unchecked: their owner opens and verifies it. */
  readonly metas: Readonly<Record<string, string>>;
  /** Where to go on, now or when there is more; null where nothing was looked at. */
  readonly next: string | null;
  /** Whether there is more to look at now. */
  readonly more: boolean;
}

/** A page looks into at most so many batches, and holds at most so many bytes of envelopes (and one event more). */
const MOST_BATCHES = 100;
const MOST_BYTES = 4_000_000;
/** Segments in memory at once, 1 MiB each: batches that follow one another are mostly in one. */
const SEGMENTS = 2;

interface PageRequest {
  readonly after: Cursor | null;
  readonly limit: number;
  /** Only the event with this id. */
  readonly event: string | null;
}

/** Pages of an owner's events: one look at the index, one at the vault, and every segment once. */
export function createEventPages({ index, vault, clusters }: EventPagesDeps) {
  return async (owner: Owner, reader: EventReader, { after, limit, event }: PageRequest): Promise<EventPage> => {
    const { batches, more } = await batchesOf(index, owner, after, event);
    const roots = await rootsOf(vault, owner, batches);
    const segments = new Map([...clusters].map(([name, cluster]) => [name, new SegmentReader(cluster, SEGMENTS)]));
    const page = { events: [] as DisclosedEvent[], metas: {} as Record<string, string> };
    let at = after;
    let bytes = 0;
    const answer = (isMore: boolean): EventPage => ({ ...page, next: at && showCursor(at), more: isMore });
    try {
      for (const batch of batches) {
        const { summary } = batch.body;
        const position = (i: number): Cursor => ({ time: summary.timeMin, batchId: batch.batchId, index: i });
        const from = at && isSame(at, batch) ? at.index + 1 : 0;
        for await (const { found, meta } of eventsOf(batch, { from, reader, roots, segments })) {
          if (event !== null && found.disclosure && found.disclosure.event.id !== event) continue;
          if (page.events.length === limit || bytes > MOST_BYTES) return answer(true);
          page.events.push(found);
          if (found.content === 'unchecked') page.metas[found.batchId] = toBase64url(meta);
          bytes += sizeOf(found);
          at = position(found.locator.index);
        }
        at = position(summary.count - 1);
        // A large batch takes milliseconds to open: others are served in between.
        await setImmediate();
      }
      return answer(more);
    } finally {
      for (const root of roots.values()) root?.userRoot.fill(0);
      scrub();
    }
  };
}

interface Opening {
  readonly from: number;
  readonly reader: EventReader;
  readonly roots: ReadonlyMap<number, OpenRoot | null | undefined>;
  readonly segments: ReadonlyMap<string, SegmentReader>;
}

async function* eventsOf(batch: LiveBatch, { from, reader, roots, segments }: Opening) {
  const { mode, cluster, summary } = batch.body;
  if (from >= summary.count) return;
  // Of what a client encrypted nobody but its owner can be told anything: the service has no key to look.
  if (mode === 'client' && !reader.isOwner) return;
  const root = mode === 'client' ? null : roots.get(batch.rootVersion);
  if (root === undefined) throw new FatalError('root_missing', 'the vault has lost a root of this owner');
  // An owner who was erased a moment ago; the index will know it in a moment.
  if (root === null && mode === 'service') return;
  const stored = await segments.get(cluster)?.batch(batch.body);
  if (!stored) throw new FatalError('unknown_cluster', `no cluster is named ${cluster}`);
  const all = root ? disclosedEvents(batch, stored, root.userRoot, reader, from) : sealedEvents(batch, stored, from);
  for (const found of all) yield { found, meta: stored.meta };
}

const isLive = (batch: IndexedBatch | null): batch is LiveBatch =>
  batch !== null && batch.body !== null && batch.reason === null;
const isSame = (cursor: Cursor, batch: IndexedBatch) => toHex(cursor.batchId) === toHex(batch.batchId);
const sizeOf = ({ envelopes, disclosure }: DisclosedEvent) =>
  Object.values(envelopes).reduce((sum, one) => sum + one.length, 0) + (disclosure ? 1_000 : 0);

/** The batch that the cursor stands in, where it is still there, and those after it. */
async function batchesOf(
  index: EventPagesDeps['index'],
  { app, wallet }: Owner,
  after: Cursor | null,
  event: string | null,
): Promise<{ batches: LiveBatch[]; more: boolean }> {
  if (event !== null) {
    const all = (await index.withEvent(app, wallet, event)).filter(isLive);
    const rest = all.filter((batch) => !after || !isBefore(batch, after));
    return { batches: rest.slice(0, MOST_BATCHES), more: rest.length > MOST_BATCHES };
  }
  const [[open = null], later] = await Promise.all([
    after ? index.batches([after.batchId]) : [],
    index.ofWallet(app, wallet, { ...(after ? { after } : {}), limit: MOST_BATCHES }),
  ]);
  // Whoever makes up a cursor gets no batch of anyone else by it.
  const isMine = isLive(open) && toHex(open.app) === toHex(app) && toHex(open.wallet) === toHex(wallet);
  return { batches: [...(isMine ? [open] : []), ...later.filter(isLive)], more: later.length === MOST_BATCHES };
}

function isBefore({ body, batchId }: LiveBatch, { time, batchId: other }: Cursor): boolean {
  const { timeMin } = body.summary;
  return timeMin < time || (timeMin === time && Buffer.compare(batchId, other) < 0);
}

async function rootsOf(
  vault: Pick<Vault, 'roots'>,
  owner: Owner,
  batches: readonly LiveBatch[],
): Promise<Map<number, OpenRoot | null | undefined>> {
  const sealed = batches.filter((batch) => batch.body.mode === 'service');
  const versions = [...new Set(sealed.map((batch) => batch.rootVersion))];
  if (versions.length === 0) return new Map();
  const roots = await vault.roots(versions.map((rootVersion) => ({ ...owner, rootVersion })));
  return new Map(versions.map((version, i) => [version, roots[i]]));
}
