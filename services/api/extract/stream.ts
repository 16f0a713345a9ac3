import { setImmediate } from 'node:timers/promises';
import { toHex, type UnreadableLine } from '../../../protocol/index.ts';
import { RetriableError } from '../../pipeline/errors.ts';
import type { Signals } from '../../pipeline/events.ts';
import type { Positions } from '../../pipeline/ports/positions.ts';
import { REMOVED_FRESH_MS } from '../../pipeline/ports/removed-events.ts';
import { VAULT_CACHE_MS } from '../../pipeline/ports/vault.ts';
import type { SegmentSource } from '../../pipeline/segment-reader.ts';
import type { LiveBatch } from '../disclosures/disclosed-events.ts';
import type { ReadersOf } from '../disclosures/event-reader.ts';
import { ApiProblem } from '../problems.ts';
import { type CompletenessDeps, completenessLines } from './completeness-lines.ts';
import { lineOf, linesOf } from './event-lines.ts';
import type { LineWriter } from './line-writer.ts';
import { type GroupDeps, type GroupWish, type OpenedGroup, openGroup } from './opened-group.ts';
import type { Order } from './order.ts';
import { createPieces } from './pieces.ts';
import { createKeptReaders } from './readers.ts';
import { eventFilter, type Wanted } from './selection.ts';
import { createStoredBatches, type StoredBatches } from './stored-batches.ts';

export interface StreamDeps extends GroupDeps, CompletenessDeps {
  readonly clusters: ReadonlyMap<string, SegmentSource>;
  readonly positions: Pick<Positions, 'load'>;
  readonly partitions: number;
  readonly readersOf: ReadersOf;
  readonly signals: Pick<Signals, 'emit'>;
  readonly ready: () => boolean;
}

export interface StreamWish extends GroupWish, Wanted {
  readonly app: Uint8Array;
  /** null: of every wallet. */
  readonly wallet: Uint8Array | null;
  /** Most events. */
  readonly limit: number;
}

/** What was asked counts as long as neither a removal nor an erasure can have its receipt; less, so that what is on its way arrives. */
const FRESH_MS = Math.min(REMOVED_FRESH_MS, VAULT_CACHE_MS) / 2;
/** A stream that finds nothing for so long shows that it is alive. */
const QUIET_MS = 15_000;
/** A group that is stale each time it was opened, so often in a row. */
const MOST_TRIES = 3;

/** Writes the events of an order, each as its reader may see it at that moment. @throws ApiProblem; RetriableError; ClientGone */
export async function stream<P>(deps: StreamDeps, wish: StreamWish, out: LineWriter, order: Order<P>): Promise<void> {
  const { elapsed } = deps;
  const { until, tellsAll } = order;
  const readersFor = createKeptReaders(deps.readersOf, wish.caller, elapsed);
  let at: P | null = await order.begin();
  const stored = createStoredBatches(deps.clusters);
  const shown = { last: new Map<string, number>(), removals: new Set<string>(), marks: new Map<number, number>() };
  const isWanted = eventFilter(wish);
  const pieces = createPieces();
  let events = 0;
  let unreadable = 0;
  let wroteAt = elapsed();

  /** Keys of what is opened are held no longer than the vault itself holds them, however slow the reader is. */
  const open = new Set<OpenedGroup>();
  function forgetAll(): void {
    for (const group of open) group.forget();
    open.clear();
  }

  /** What is written at once ends with where it ends: whoever is cut off goes on from there. */
  async function flush(group?: OpenedGroup): Promise<void> {
    if (!deps.ready()) throw new ApiProblem('stopping');
    const cursor = at && order.show(at);
    if (cursor) pieces.add(lineOf('cursor', cursor));
    const texts = pieces.take();
    wroteAt = elapsed();
    if (texts.length === 0) return;
    const late = setTimeout(forgetAll, FRESH_MS);
    try {
      await out.write(texts, group && (() => isAsItWas(group)));
    } finally {
      clearTimeout(late);
    }
  }

  /** What was asked is too old, or its keys are gone: it is to be opened again. */
  const isStale = (group: OpenedGroup) => !open.has(group) || elapsed() - group.askedAt > FRESH_MS;

  async function opened(batches: readonly LiveBatch[], those: Awaited<ReturnType<StoredBatches['of']>>) {
    const group = await openGroup(deps, wish, readersFor, batches, those);
    open.add(group);
    return group;
  }

  /** Asks again, for what its reader has not taken yet. */
  async function isAsItWas(group: OpenedGroup): Promise<boolean> {
    const those = group.batches.map(({ batch }) => batch);
    // Keys are not asked for again: nothing is opened with them here.
    const now = await openGroup(deps, { ...wish, decrypt: false }, readersFor, those, await stored.of(those));
    return stateOf(now) === stateOf(group);
  }

  /** The next group, opened: while one is written, the one behind it is read and asked for. */
  async function nextGroup() {
    const { value, done } = await groups.next();
    if (done) return null;
    const { batches } = value;
    const those = await stored.of(batches);
    return { ...value, those, group: await opened(batches, those) };
  }

  function note(batch: LiveBatch, by: readonly string[]): void {
    const wallet = toHex(batch.wallet);
    const { signer, source, seq } = batch.body.summary;
    for (const id of by) shown.removals.add(`${wallet}/${id}`);
    if (!wish.wallet || !wish.proof) return;
    const name = `${wallet}/${signer}/${toHex(source)}`;
    shown.last.set(name, Math.max(shown.last.get(name) ?? -1, seq));
  }

  /** @returns false when it has become too old, or the limit is reached, before its end */
  async function writeGroup(group: OpenedGroup): Promise<boolean> {
    for (const opened of group.batches) {
      const { batch } = opened;
      const from = order.nextIn(batch, at);
      if (from >= batch.body.summary.count) continue;
      if ('takenBy' in opened) {
        // Only its owner could have opened it, and was told nothing of its events by the service before either.
        const by = toHex(opened.takenBy.id);
        note(batch, [by]);
        if (wish.proof) pieces.add(lineOf('batch', { ...unreadableLine(batch, 'removed'), by }));
      } else if ('error' in opened) {
        unreadable += 1;
        deps.signals.emit('unreadable', { partition: -1, error: opened.error });
        if (wish.proof) pieces.add(lineOf('batch', unreadableLine(batch, opened.error.code)));
      } else {
        const lines = linesOf(opened, from, { ...wish, isWanted, keys: wish.decrypt ? group.keys : null });
        for (const { text, index, by = [] } of lines) {
          pieces.add(text);
          if (index === null) {
            note(batch, by);
            continue;
          }
          events += 1;
          at = order.behind(at, batch, index);
          if (events >= wish.limit) return false;
          if (!pieces.areMany) continue;
          await flush(group);
          if (isStale(group)) return false;
        }
      }
      at = order.behind(at, batch, batch.body.summary.count - 1);
    }
    return true;
  }

  const isJudged = wish.proof && tellsAll;
  if (isJudged)
    for (let partition = 0; partition < deps.partitions; partition += 1)
      shown.marks.set(partition, (await deps.positions.load('indexer', partition)).mark);
  const groups = order.groups(at);
  if (order.tellsPlace) await flush();
  let coming = nextGroup();
  try {
    while (events < wish.limit) {
      // One that never catches up ends too: its reader comes back with a token that is looked at again.
      if (until !== null && wroteAt > until) break;
      const next = await coming;
      if (!next) break;
      coming = nextGroup();
      // Whoever waits for it hears of it.
      coming.catch(() => undefined);
      // Others are served in between.
      await setImmediate();
      let { group } = next;
      for (let tries = 0; isStale(group) || !(await writeGroup(group)); ) {
        if (events >= wish.limit) break;
        tries = wroteAt > group.askedAt ? 0 : tries + 1;
        if (tries > MOST_TRIES)
          throw new RetriableError('too_slow', 'what the reader was allowed is too old by the time it is known');
        group.forget();
        open.delete(group);
        const left = next.batches.findIndex((batch) => order.nextIn(batch, at) < batch.body.summary.count);
        group = await opened(next.batches.slice(left), next.those.slice(left));
      }
      if (events < wish.limit && next.behind) at = next.behind(at);
      if (!pieces.isEmpty || elapsed() - wroteAt > QUIET_MS) await flush(group);
      group.forget();
      open.delete(group);
    }
    const more = events >= wish.limit;
    if (isJudged && !more)
      for await (const line of completenessLines(deps, wish, readersFor, wish.caller.signer === 'app', shown)) {
        pieces.add(line);
        if (pieces.areMany) await flush();
      }
    for (const line of order.last?.() ?? []) pieces.add(line);
    const cursor = at && order.show(at);
    pieces.add(lineOf('end', { events, unreadable, more, cursor }));
    await out.write(pieces.take());
  } finally {
    await coming.catch(() => undefined);
    forgetAll();
    await groups.return(undefined);
  }
}

/** What of a group may be shown, as text. */
const stateOf = ({ batches }: OpenedGroup): string =>
  JSON.stringify(
    batches.map((one) => [
      toHex(one.batch.batchId),
      'removed' in one ? one.removed?.flatMap((by, index) => (by ? index : [])).join() || 'all' : 'none',
    ]),
  );

function unreadableLine(batch: LiveBatch, code: string): UnreadableLine {
  const { signer, source, seq } = batch.body.summary;
  const place = { id: toHex(batch.batchId), wallet: toHex(batch.wallet), signer, source: toHex(source), seq };
  return { ...place, unreadable: code };
}
