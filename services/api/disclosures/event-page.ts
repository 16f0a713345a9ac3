import { setImmediate } from 'node:timers/promises';
import { equalBytes, scrub, toBase64url } from '../../../protocol/index.ts';
import { RetriableError } from '../../pipeline/errors.ts';
import type { Signals } from '../../pipeline/events.ts';
import type { IndexStore } from '../../pipeline/ports/index-store.ts';
import type { RemovedEvents } from '../../pipeline/ports/removed-events.ts';
import { type OpenRoot, type Owner, VAULT_CACHE_MS, type Vault } from '../../pipeline/ports/vault.ts';
import type { SegmentSource, StoredBatch } from '../../pipeline/segment-reader.ts';
import { createPlaces } from '../limits/places.ts';
import { MOST_ASKING_MS } from '../removals/cut-when-removed.ts';
import type { Cursor, Cursors } from './cursor.ts';
import { type DisclosedEvent, disclosedEvents, isLive, type LiveBatch, sealedEvents } from './disclosed-events.ts';
import type { EventReader } from './event-reader.ts';
import { createPageSegments } from './page-segments.ts';
import { rootStates } from './root-states.ts';
import { stillThere } from './still-there.ts';
import { isReadable, isUnreadableForGood } from './unreadable.ts';

export interface EventPagesDeps {
  readonly index: Pick<IndexStore, 'batches' | 'ofWallet'>;
  readonly vault: Pick<Vault, 'roots'>;
  readonly removedEvents: RemovedEvents;
  readonly clusters: ReadonlyMap<string, SegmentSource>;
  readonly cursors: Cursors;
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
  readonly signals: Pick<Signals, 'emit'>;
}

export interface WantedPage {
  /** Key in hex: of the pages at once it has half at most. */
  readonly caller: string;
  /** `next` of the page before. */
  readonly begin: string | null;
  readonly limit: number;
  /** Whether nobody waits for the page any more. */
  readonly gone: () => boolean;
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

/** A page, and whether all of it may still be written to its reader: no event of it was removed meanwhile. */
export interface AnswerablePage {
  readonly page: EventPage;
  isThere(): Promise<boolean>;
}

/** A page looks into at most so many batches, for so long, and holds at most so many bytes of envelopes and metas (and one event more). */
const MOST_BATCHES = 100;
const MOST_MS = 2_000;
const MOST_BYTES = 4_000_000;
/** Pages under way in one process: each holds some segments of 1 MiB, and what it answers. */
const MOST_PAGES = 4;

/**
 * Pages of an owner's events. What a page says was allowed, and its root not erased, when it is answered: roots are asked for once a batch
 * is at hand, and again at the end; whether its events are removed is asked last.
 */
export function createEventPages(deps: EventPagesDeps) {
  const places = createPlaces(MOST_PAGES, 'pages');
  /** @throws ApiProblem `overloaded` while as many pages are under way as may be, `rate_limited` while half of them are this caller's; `invalid` for a cursor that is none */
  return async (owner: Owner, reader: EventReader, wanted: WantedPage): Promise<AnswerablePage> => {
    const leave = places.take(wanted.caller);
    try {
      return await pageOf(deps, owner, reader, wanted);
    } finally {
      leave();
    }
  };
}

async function pageOf(
  { index, vault, removedEvents, clusters, cursors, elapsed, signals }: EventPagesDeps,
  owner: Owner,
  reader: EventReader,
  { begin, limit, gone }: WantedPage,
): Promise<AnswerablePage> {
  const began = elapsed();
  const after = begin === null ? null : cursors.read(owner, begin);
  const { batches, more } = await batchesOf(index, owner, after);
  const known = await rootStates(vault, owner, batches.map(versionOf));
  const segments = createPageSegments(clusters);
  const events: DisclosedEvent[] = [];
  const metas = new Map<string, string>();
  const looked = new Map<string, LiveBatch>();
  const unreadable: Error[] = [];
  let bytes = 0;
  let at = after;
  // A page that is late has looked at something: otherwise its reader would never get on.
  let isFurther = false;
  const mustEnd = () => gone() || (isFurther && elapsed() - began > MOST_MS);

  /** @returns false when the page was full before the end of the batch */
  function take(batch: LiveBatch, stored: StoredBatch, root: OpenRoot, from: number): boolean {
    for (const found of eventsOf(batch, stored, root, reader, from)) {
      if (events.length === limit || bytes > MOST_BYTES) return false;
      events.push(found);
      looked.set(found.batchId, batch);
      bytes += sizeOf(found);
      if (found.content === 'unchecked' && !metas.has(found.batchId)) {
        const meta = toBase64url(stored.meta);
        metas.set(found.batchId, meta);
        bytes += meta.length;
      }
      at = cursorAt(batch, found.locator.index);
    }
    return true;
  }

  async function answer(isMore: boolean): Promise<AnswerablePage> {
    const now = await rootStates(vault, owner, events.map(versionOf));
    const readable = events.filter((one) => now.get(one.rootVersion));
    const next = at && cursors.show(owner, at);
    const asked = elapsed();
    const there = await stillThere(removedEvents, owner, readable, looked);
    if (elapsed() - asked > MOST_ASKING_MS)
      throw new RetriableError('removals_slow', 'what was said of removals is too old by now');
    const left = readable.filter((_, i) => there[i]);
    const ids = new Set(left.map(({ batchId }) => batchId));
    return {
      page: { events: left, metas: Object.fromEntries([...metas].filter(([id]) => ids.has(id))), next, more: isMore },
      isThere: async () => (await stillThere(removedEvents, owner, left, looked)).every(Boolean),
    };
  }

  try {
    for (const batch of batches) {
      if (mustEnd()) return answer(true);
      const last = batch.body.summary.count - 1;
      const from = at && equalBytes(at.batchId, batch.batchId) ? at.index + 1 : 0;
      try {
        if (from <= last && isReadable(batch, known.get(batch.rootVersion), reader)) {
          if (!segments.mayRead(batch.body)) return answer(true);
          const stored = await segments.batch(batch.body);
          if (mustEnd()) return answer(true);
          if (elapsed() - began > VAULT_CACHE_MS)
            throw new RetriableError('ipfs_slow', 'what the reader was allowed is too old by now');
          const [root] = await vault.roots([{ ...owner, rootVersion: batch.rootVersion }]);
          try {
            if (isReadable(batch, root, reader) && !take(batch, stored, root, from)) return answer(true);
          } finally {
            root?.userRoot.fill(0);
            scrub();
          }
        }
      } catch (error) {
        if (!isUnreadableForGood(error)) throw error;
        unreadable.push(error);
      }
      at = cursorAt(batch, last);
      isFurther ||= from <= last;
      // A large batch takes milliseconds to open: others are served in between.
      await setImmediate();
    }
    return answer(more);
  } finally {
    const [error] = unreadable;
    if (error) signals.emit('unreadable', { partition: -1, count: unreadable.length, error });
  }
}

const versionOf = ({ rootVersion }: { readonly rootVersion: number }): number => rootVersion;

const cursorAt = ({ batchId, body }: LiveBatch, index: number): Cursor => ({
  time: body.summary.timeMin,
  batchId,
  index,
});

const eventsOf = (batch: LiveBatch, stored: StoredBatch, root: OpenRoot, reader: EventReader, from: number) =>
  batch.body.mode === 'client'
    ? sealedEvents(batch, stored, from)
    : disclosedEvents(batch, stored, root.userRoot, reader, from);

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
