import type { PinnedBody, VoidReason } from '../../../schemas/index.ts';
import type { Position } from './positions.ts';

/** One judged record of `pinned` as the indexer applies it. */
export interface IndexEntry {
  readonly origin: number;
  readonly batchId: Uint8Array;
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  readonly rootVersion: number;
  readonly source: Uint8Array | null;
  readonly seq: number | null;
  /** null for a live batch. */
  readonly reason: VoidReason | null;
  /** Everything of the body but its envelopes; null for a void. */
  readonly body: Omit<PinnedBody, 'meta' | 'events'> | null;
}

/** A batch or a void as the index knows it. An erased one has no owner (both keys empty), source or seq any more. */
export interface IndexedBatch extends IndexEntry {
  readonly partition: number;
  /** Another batch has the same (app, wallet, signer, source, seq). */
  readonly conflict: boolean;
}

/** Batches that are counted of one wallet in one app: an answer must not cost what a lifetime has written. */
export const COUNTED = 1_000;

/** What a wallet has in an app. */
export interface Written {
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  /** Up to `COUNTED` of them: as many means at least as many. */
  readonly batches: number;
  /** Events of the batches that were counted, as they were signed. */
  readonly events: number;
  /** Time of the earliest event of the first batch and of the last one; milliseconds. */
  readonly first: number;
  readonly last: number;
  readonly subjects: readonly { readonly rootVersion: number; readonly subject: Uint8Array }[];
}

/** Which batches an extraction looks into. Every member narrows; a batch is kept when one of its events may be wanted. */
export interface BatchSelection {
  readonly app: Uint8Array;
  /** null: of every wallet. */
  readonly wallet: Uint8Array | null;
  /** Event time, milliseconds since the epoch: `from` ≤ time < `to`. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly types?: readonly string[] | undefined;
  /** Event id. */
  readonly id?: string | undefined;
}

/** Where a batch stands among those of its wallet or app. */
export interface BatchPlace {
  readonly time: number;
  readonly batchId: Uint8Array;
}

/** Batches that one page of a selection looks at: an answer that finds nothing must not cost what a whole app has written. */
export const MOST_SCANNED = 5_000;

export interface SelectedPage {
  readonly batches: readonly IndexedBatch[];
  /** Where to go on; null: there is no more. */
  readonly next: BatchPlace | null;
}

/** Batches of one partition as a replay reads them. Every member narrows; a batch is kept when one of its events may be wanted. */
export interface OrderedSelection extends Omit<BatchSelection, 'id'> {
  readonly partition: number;
}

/** A stretch of origins: `after` < origin ≤ `upTo`. */
export interface OriginRange {
  readonly after: number;
  readonly upTo: number;
}

export interface OrderedPage {
  /** In origin order. */
  readonly batches: readonly IndexedBatch[];
  /** Every batch of the selection up to this origin is on this page or one before; `upTo` when there is no more. */
  readonly reached: number;
}

/** A run of sequence numbers of which every one is in the index. */
export interface LiveRun {
  readonly signer: 'wallet' | 'app';
  readonly source: Uint8Array;
  readonly first: number;
  readonly last: number;
}

/** What the index knows of the sequence numbers of a wallet in an app. */
export interface Sequences {
  readonly wallet: Uint8Array;
  readonly partition: number;
  /** By signer, source and number. */
  readonly live: readonly LiveRun[];
  /** Records that became voids and whose source and number could be read, duplicates aside: those stand for a batch that is there. */
  readonly voids: readonly {
    readonly source: Uint8Array;
    readonly seq: number;
    readonly batchId: Uint8Array;
    readonly reason: VoidReason;
  }[];
  /** There are more than are told here. */
  readonly isCut: boolean;
}

export interface IndexStore {
  /**
   * One transaction: move the indexer's row `from` → `to` and apply the entries. What an erasure reaches becomes a void.
   * Two clashes are the last guard's case; the first stays, the entry becomes a void, and the store's alarm is told: a batch id that stands
   * at another origin (`duplicate`), and another subject than the owner's root version has (`dead`).
   * @returns false (nothing applied) when the row is no longer `from`.
   */
  apply(partition: number, from: Position, to: Position, entries: readonly IndexEntry[]): Promise<boolean>;
  /**
   * Turns rows that a removal reached after they were applied into voids: removal by removal, a page of rows at a time, so that a large one
   * is neither lost to a time limit nor in the way of others. @returns how many.
   */
  sweep(page?: number): Promise<number>;
  /** By batch id; voids of duplicates are not found here. */
  batches(batchIds: readonly Uint8Array[]): Promise<(IndexedBatch | null)[]>;
  /** Batches of a wallet in one app, oldest first, keyed by (time, batch id). */
  ofWallet(
    app: Uint8Array,
    wallet: Uint8Array,
    page: { after?: { time: number; batchId: Uint8Array }; limit: number },
  ): Promise<IndexedBatch[]>;
  /** What a wallet wrote to an app: where both are named one entry or none, else the wallets of the app, or the apps of the wallet, by key. */
  written(
    of: { app: Uint8Array; wallet?: Uint8Array } | { app?: Uint8Array; wallet: Uint8Array },
    page: { after?: Uint8Array; limit: number },
  ): Promise<Written[]>;
  /**
   * Batches that an extraction looks into, oldest first, keyed by (time, batch id). A page ends also when so many batches of the owner's
   * time were looked at for their types or ids, whatever was found.
   * @param page.scan default `MOST_SCANNED`
   */
  selected(
    selection: BatchSelection,
    page: { after?: BatchPlace | null; limit: number; scan?: number },
  ): Promise<SelectedPage>;
  /**
   * Live batches in the order of the log. A page ends also when so many of the app's batches were looked at, whatever was found.
   * @param page.scan default `MOST_SCANNED`
   */
  inOrder(
    selection: OrderedSelection,
    range: OriginRange,
    page: { limit: number; scan?: number },
  ): Promise<OrderedPage>;
  /** What `inOrder` would give in all: batches, and the events that they were signed with. */
  counted(selection: OrderedSelection, range: OriginRange): Promise<{ batches: number; events: number }>;
  /**
   * Sequence numbers of the wallets of an app that have a batch or, where one wallet is named, of that one, in the order of their keys.
   * Of each partition only what was accepted up to its mark is told.
   * @param marks by partition; of those not named nothing is told
   */
  sequences(
    app: Uint8Array,
    wanted: { wallet: Uint8Array } | { after: Uint8Array | null; limit: number },
    marks: ReadonlyMap<number, number>,
  ): Promise<Sequences[]>;
  /** Batches of a wallet in one app whose range of event ids holds this id, oldest first. @param only.batchId no other than this one */
  withEvent(
    owner: { app: Uint8Array; wallet: Uint8Array },
    eventId: string,
    only: { batchId?: Uint8Array | undefined; limit: number },
  ): Promise<IndexedBatch[]>;
  /** Subjects that stand for a wallet in public storage, by root version. */
  subjects(
    app: Uint8Array,
    wallet: Uint8Array,
  ): Promise<{ rootVersion: number; subject: Uint8Array; fromOrigin: number }[]>;
  /** (offset, mark) pairs from which a reader may start in the middle. */
  checkpoints(partition: number): Promise<Position[]>;
}

/** What the last guard found: an entry that became a void because of something that stands already. */
export interface Clash {
  /** `batch_id`: it has another origin. `subject`: its owner's root version has another one, so a root was lost and made anew. */
  readonly what: 'batch_id' | 'subject';
  readonly partition: number;
  readonly origin: number;
  readonly batchId: Uint8Array;
}

/** Told when the last guard had to act. */
export type ClashAlarm = (clash: Clash) => void;

/** A checkpoint is kept when this many records lie between it and the one before. */
export const CHECKPOINT_EVERY = 1_000;

/** Most runs, and most voids, that are told of one wallet. */
export const MOST_RUNS = 10_000;
