import { setImmediate } from 'node:timers/promises';
import { equalBytes, scrub, toBase64url } from '../../../protocol/index.ts';
import { FatalError, RetriableError } from '../../pipeline/errors.ts';
import type { IndexedBatch, IndexStore } from '../../pipeline/ports/index-store.ts';
import type { IpfsCluster } from '../../pipeline/ports/ipfs.ts';
import type { OpenRoot, Owner, Vault } from '../../pipeline/ports/vault.ts';
import { SegmentReader, type StoredBatch } from '../../pipeline/segment-reader.ts';
import type { Cursor, Cursors } from './cursor.ts';
import { type DisclosedEvent, disclosedEvents, type LiveBatch, sealedEvents } from './disclosed-events.ts';
import type { EventReader } from './event-reader.ts';

export interface EventPagesDeps {
  readonly index: Pick<IndexStore, 'batches' | 'ofWallet'>;
  readonly vault: Pick<Vault, 'roots'>;
  readonly clusters: ReadonlyMap<string, Pick<IpfsCluster, 'block'>>;
  readonly cursors: Cursors;
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

/** Pages of an owner's events: one look at the index, one at the vault, and every segment once. */
export function createEventPages({ index, vault, clusters, cursors }: EventPagesDeps) {
  return async (owner: Owner, reader: EventReader, begin: string | null, limit: number): Promise<EventPage> => {
    const after = begin === null ? null : cursors.read(owner, begin);
    const { batches, more } = await batchesOf(index, owner, after);
    const roots = await rootsOf(vault, owner, batches);
    const segments = new Map([...clusters].map(([name, cluster]) => [name, new SegmentReader(cluster, SEGMENTS)]));
    const page = { events: [] as DisclosedEvent[], metas: {} as Record<string, string> };
    let at = after;
    let bytes = 0;
    const answer = (isMore: boolean): EventPage => ({ ...page, next: at && cursors.show(owner, at), more: isMore });
    try {
      for (const batch of batches) {
        const cursorAt = (i: number): Cursor => ({
          time: batch.body.summary.timeMin,
          batchId: batch.batchId,
          index: i,
        });
        const last = batch.body.summary.count - 1;
        const from = at && equalBytes(at.batchId, batch.batchId) ? at.index + 1 : 0;
        const root = roots.get(batch.rootVersion);
        if (from <= last && isReadable(batch, root, reader)) {
          const stored = await storedBatch(segments, batch);
          for (const found of eventsOf(batch, stored, root, reader, from)) {
            if (page.events.length === limit || bytes > MOST_BYTES) return answer(true);
            page.events.push(found);
            if (found.content === 'unchecked') page.metas[found.batchId] = toBase64url(stored.meta);
            bytes += sizeOf(found);
            at = cursorAt(found.locator.index);
          }
        }
        at = cursorAt(last);
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

type FoundRoot = OpenRoot | null | undefined;

/** Of who was erased a moment ago nothing is read any more, though the index may still have it. */
function isReadable({ body }: LiveBatch, root: FoundRoot, reader: EventReader): root is OpenRoot {
  if (root === undefined) throw new FatalError('root_missing', 'the vault has lost a root of this owner');
  // Of what a client encrypted the service can tell nobody but its owner anything: it has no key to look.
  return root !== null && (body.mode === 'service' || reader.isOwner);
}

const eventsOf = (batch: LiveBatch, stored: StoredBatch, root: OpenRoot, reader: EventReader, from: number) =>
  batch.body.mode === 'client'
    ? sealedEvents(batch, stored, from)
    : disclosedEvents(batch, stored, root.userRoot, reader, from);

async function storedBatch(segments: ReadonlyMap<string, SegmentReader>, { body }: LiveBatch): Promise<StoredBatch> {
  const reader = segments.get(body.cluster);
  if (!reader)
    throw new RetriableError('unknown_cluster', `this API was given no node of the IPFS cluster ${body.cluster}`);
  return reader.batch(body);
}

const isLive = (batch: IndexedBatch | null): batch is LiveBatch =>
  batch !== null && batch.body !== null && batch.reason === null;
const sizeOf = ({ envelopes, disclosure }: DisclosedEvent) =>
  Object.values(envelopes).reduce((sum, one) => sum + one.length, 0) + (disclosure ? 1_000 : 0);

/** The batch that the cursor stands in, where it is still there, and those after it. */
async function batchesOf(
  index: EventPagesDeps['index'],
  { app, wallet }: Owner,
  after: Cursor | null,
): Promise<{ batches: LiveBatch[]; more: boolean }> {
  const [[begun = null], later] = await Promise.all([
    after ? index.batches([after.batchId]) : [],
    index.ofWallet(app, wallet, { ...(after ? { after } : {}), limit: MOST_BATCHES }),
  ]);
  return { batches: [...(isLive(begun) ? [begun] : []), ...later.filter(isLive)], more: later.length === MOST_BATCHES };
}

async function rootsOf(
  vault: Pick<Vault, 'roots'>,
  owner: Owner,
  batches: readonly LiveBatch[],
): Promise<Map<number, FoundRoot>> {
  const versions = [...new Set(batches.map((batch) => batch.rootVersion))];
  if (versions.length === 0) return new Map();
  const roots = await vault.roots(versions.map((rootVersion) => ({ ...owner, rootVersion })));
  return new Map(versions.map((version, i) => [version, roots[i]]));
}
