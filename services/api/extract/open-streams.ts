import type { IndexStore } from '../../pipeline/ports/index-store.ts';
import { identityOf } from '../auth/bearer.ts';
import type { Cursors } from '../disclosures/cursor.ts';
import { createPlaces } from '../limits/places.ts';
import { orderOfLog } from './follow.ts';
import type { FollowCursors } from './follow-cursor.ts';
import { createIndexedMarks } from './indexed-marks.ts';
import type { LineWriter } from './line-writer.ts';
import { orderByTime } from './order.ts';
import { orderOfIds } from './order-of-ids.ts';
import { batchesFor } from './selection.ts';
import { type StreamDeps, type StreamWish, stream } from './stream.ts';

export interface ExtractDeps extends StreamDeps {
  readonly index: Pick<IndexStore, 'batches' | 'selected' | 'sequences'>;
  readonly cursors: Cursors;
}

export interface ExtractWish extends StreamWish {
  /** Where an earlier stream was. */
  readonly after: string | null;
}

/** Streams under way in one process: each holds up to eight segments of 1 MiB, and the lines of a group. */
const MOST_STREAMS = 8;

const EVERY_WALLET = new Uint8Array(32);
const ownerOf = ({ app, wallet }: Pick<StreamWish, 'app' | 'wallet'>) => ({ app, wallet: wallet ?? EVERY_WALLET });

/** Streams of events. @throws ApiProblem `overloaded` while as many are under way as may be, `rate_limited` while half of them are this caller's; `invalid` for a cursor that is none */
export function createExtract(deps: ExtractDeps) {
  const places = createPlaces(MOST_STREAMS, 'streams');
  const inPlace = async (wish: Pick<StreamWish, 'caller'>, run: () => Promise<void>): Promise<void> => {
    const leave = places.take(identityOf(wish.caller));
    try {
      await run();
    } finally {
      leave();
    }
  };
  return {
    /** By time. */
    extract: (wish: ExtractWish, out: LineWriter): Promise<void> =>
      inPlace(wish, () => {
        const selection = batchesFor(wish.app, wish.wallet, wish);
        return stream(deps, wish, out, orderByTime(deps, ownerOf(wish), selection, wish.after));
      }),

    /** Of named batches, for whoever has them from elsewhere. Those that are not in the index are told as `unknown`. */
    ofBatches: ({ ids, ...wish }: StreamWish & { readonly ids: readonly Uint8Array[] }, out: LineWriter) =>
      inPlace(wish, () => stream(deps, wish, out, orderOfIds(deps.index, wish.app, ids))),
  };
}

export type Extract = ReturnType<typeof createExtract>;

export interface FollowStreamDeps extends StreamDeps {
  readonly index: Pick<IndexStore, 'inOrder' | 'sequences'>;
  readonly followCursors: FollowCursors;
  readonly partitionOf: (wallet: Uint8Array, partitions: number) => number;
}

/** What follows the log, as long as somebody listens. */
export interface FollowWish extends Omit<ExtractWish, 'id'> {
  readonly start: 'beginning' | 'now';
  /** So long is waited for more, milliseconds. */
  readonly waitMs: number;
  /** Whether somebody still listens. */
  readonly isHeard: () => boolean;
}

/** Streams that wait for more under way in one process: each mostly does. */
const MOST_FOLLOWERS = 32;

/** Streams of events as they are indexed. @throws like those of `createExtract` */
export function createFollow(deps: FollowStreamDeps) {
  const { elapsed } = deps;
  const places = createPlaces(MOST_FOLLOWERS, 'streams');
  const indexed = createIndexedMarks(deps.positions, elapsed);
  return async (wish: FollowWish, out: LineWriter): Promise<void> => {
    const { app, wallet, after, start, isHeard } = wish;
    const leave = places.take(identityOf(wish.caller));
    try {
      const all = Array.from({ length: deps.partitions }, (_, partition) => partition);
      const partitions = wallet ? [deps.partitionOf(wallet, deps.partitions)] : all;
      const over = elapsed() + wish.waitMs;
      const goesOn = () => elapsed() < over && deps.ready() && isHeard();
      // One that waits for nothing tells all that is there, however long that takes.
      const until = wish.waitMs === 0 ? null : over;
      const selection = batchesFor(app, wallet, wish);
      const followed = { selection, partitions, after, start, until, goesOn };
      const order = orderOfLog({ ...deps, indexed }, ownerOf(wish), followed);
      await stream(deps, wish, out, order);
    } finally {
      leave();
    }
  };
}

export type Follow = ReturnType<typeof createFollow>;
