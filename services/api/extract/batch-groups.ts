import { toHex } from '../../../protocol/index.ts';
import type { BatchPlace, BatchSelection, IndexStore } from '../../pipeline/ports/index-store.ts';
import type { Cursor } from '../disclosures/cursor.ts';
import { isLive, type LiveBatch } from '../disclosures/disclosed-events.ts';

/**
 * Batches that are looked into at once: what their owners allow is asked for together, and while one group is written the next is fetched. So
 * it takes longer to write one than a node takes to answer with a segment.
 */
export const GROUP_BYTES = 1024 * 1024;
/** A group reads at most so many segments of 1 MiB. */
export const GROUP_SEGMENTS = 4;
const GROUP_BATCHES = 200;
const PAGE = 400;

/**
 * Batches of a selection in their order, in groups. While a group is worked on, the next page of the index is on its way. A group is empty
 * where a page had nothing: who streams may tell the reader that it goes on, and hears that nobody reads any more.
 */
export async function* batchGroups(
  index: Pick<IndexStore, 'batches' | 'selected'>,
  selection: BatchSelection,
  after: Cursor | null,
): AsyncGenerator<readonly LiveBatch[]> {
  const pageAfter = (after: BatchPlace | null) => index.selected(selection, { after, limit: PAGE });
  let next = pageAfter(after);
  // The batch in which the cursor stands may go on. It is gone when it was erased.
  const [begun] = after ? await settled(index.batches([after.batchId]), next) : [];
  let group = new Group();
  if (begun && isLive(begun) && isOf(selection, begun)) group.add(begun);
  for (;;) {
    const page = await next;
    if (page.next) next = pageAfter(page.next);
    // Whoever asks for the page hears of it.
    next.catch(() => undefined);
    for (const batch of page.batches.filter(isLive)) {
      if (!group.fits(batch)) {
        yield group.batches;
        group = new Group();
      }
      group.add(batch);
    }
    if (page.next === null) break;
    if (page.batches.length === 0) yield [];
  }
  if (group.batches.length > 0) yield group.batches;
}

async function settled<T>(first: Promise<T>, other: Promise<unknown>): Promise<T> {
  other.catch(() => undefined);
  return first;
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const isOf = ({ app, wallet }: BatchSelection, batch: LiveBatch) =>
  same(app, batch.app) && (wallet === null || same(wallet, batch.wallet));

/** Batches in their order, in groups. */
export function* groupsOf(batches: readonly LiveBatch[]): Generator<readonly LiveBatch[]> {
  let group = new Group();
  for (const batch of batches) {
    if (!group.fits(batch)) {
      yield group.batches;
      group = new Group();
    }
    group.add(batch);
  }
  if (group.batches.length > 0) yield group.batches;
}

/** A group as it grows. */
class Group {
  readonly batches: LiveBatch[] = [];
  readonly #segments = new Set<string>();
  #bytes = 0;

  fits({ body }: LiveBatch): boolean {
    if (this.batches.length === 0) return true;
    if (this.batches.length >= GROUP_BATCHES || this.#bytes + body.bytes > GROUP_BYTES) return false;
    return this.#segments.size < GROUP_SEGMENTS || this.#segments.has(toHex(body.segment));
  }

  add(batch: LiveBatch): void {
    this.batches.push(batch);
    this.#bytes += batch.body.bytes;
    this.#segments.add(toHex(batch.body.segment));
  }
}
