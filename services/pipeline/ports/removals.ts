import type { Selecting, Selector } from '../rules/removal.ts';
import type { Erasure, NamedErasure } from './erasures.ts';
import type { Owner } from './vault.ts';

/** How far a removal is. `fenced`: the fence is stored (erasures only). `sent`: the record is in `ddc.removals.requested`. `done`: a receipt is out. */
export type RemovalState = 'committed' | 'fenced' | 'sent' | 'done';

/** A removal on its way, as the sweeper works on it. */
interface OnItsWay extends Named {
  /** Milliseconds since the epoch, of the signed request. */
  readonly issuedAt: number;
  readonly state: RemovalState;
  /** Milliseconds since the epoch when it became `sent`; exports have 60 s from here. */
  readonly sentAt: number | null;
  /** Exports that had not reported when the last receipt was made: a further one follows. */
  readonly pending: readonly string[];
  /** How many receipts there are. */
  readonly receipts: number;
}

export interface ErasureOnItsWay extends OnItsWay, Erasure {
  readonly kind: 'erase';
}

/** Single events, removed. */
export interface RemoveOnItsWay extends OnItsWay {
  readonly kind: 'remove';
  readonly selector: Selector;
}

export type Removal = ErasureOnItsWay | RemoveOnItsWay;

/** A removal of single events by the id of its signed request. */
export interface NamedRemove extends Named, Selecting {}

/** One line of the list of an owner's removals. */
export interface ListedRemoval extends Pick<OnItsWay, 'id' | 'issuedAt' | 'state' | 'pending' | 'receipts'> {
  /** How many events were named, the stretch of time, or that it was a session; null for an erasure. */
  readonly selects:
    | { readonly events: number }
    | { readonly from: number; readonly to: number }
    | { readonly session: true }
    | null;
}

/** How far the rooms are with one removal, and what its receipt has to name. */
export interface RemovalProgress {
  /** The room's mark has passed the fence. */
  readonly indexer: boolean;
  readonly pinner: boolean;
  /** No row of the index that the erasure reaches is left. */
  readonly swept: boolean;
  /** Exports that may hold rows of this owner, by name, whether each has reported, and how many rows it deleted. */
  readonly exports: readonly { readonly name: string; readonly reported: boolean; readonly rows: number }[];
  /** Scope keys that were sealed to somebody before: what they open stays open to them. */
  readonly keysGiven: number;
  /** Some root was the client's own: its keys were never ours to destroy. */
  readonly clientMode: boolean;
  /** Of the signed request, 32 bytes. */
  readonly requestHash: Uint8Array;
}

/** A signed receipt as stored and shown. */
export interface StoredReceipt {
  readonly payload: string;
  readonly key: string;
  readonly signature: string;
}

type Named = Owner & { readonly id: Uint8Array };

/** The table `removals` as the sweeper moves it. Every step is a compare-and-set, so several sweepers do no harm. */
export interface Removals {
  /** Removals of a kind that are not done, or done with exports pending, in order of owner and id. @param after the last of the page before */
  open(kind: Removal['kind'], limit: number, after?: Named): Promise<Removal[]>;
  /** committed → fenced. @returns false when it is no longer committed. */
  fence(removal: Named, fence: number): Promise<boolean>;
  /** fenced → sent, of single events committed → sent. @param at milliseconds since the epoch */
  sent(removal: Named, at: number): Promise<boolean>;
  /** From the rows of indexer and pinner, the index and the reports of exports. @param partition of the wallet */
  progress(removal: Removal, partition: number): Promise<RemovalProgress>;
  /** sent → done with the first receipt, or a further receipt. @returns false when another sweeper was first. */
  complete(removal: Removal, receipt: StoredReceipt, pending: readonly string[]): Promise<boolean>;
  /** With its receipts, oldest first; null when there is no such removal. */
  find(removal: Named): Promise<{ removal: Removal; receipts: readonly StoredReceipt[] } | null>;
  /** Removals of an owner, the last signed first. @param page.after the last of the page before */
  list(
    owner: Owner,
    page: { readonly after?: Pick<Named, 'id'> & { readonly issuedAt: number }; readonly limit: number },
  ): Promise<ListedRemoval[]>;
}

/** What taking the log of removals in has mended. */
export interface Reapplied {
  /** Erasures that the table did not have, or had from before their record was sent. */
  readonly removals: number;
  /** Roots that were not overwritten, or not there at all. */
  readonly roots: number;
}

/**
 * The log of removals as the database has taken it in. After a restore the database may be older than an erasure that has its receipt:
 * the log, kept for ever, still knows it.
 */
export interface RemovalHistory {
  /** Every record below this offset of `ddc.removals.requested` is in the database. Goes back with the database. */
  next(): Promise<number>;
  /**
   * Puts erasures back as they were when their record was sent, their consent forgotten, and leaves every root that they name
   * overwritten. What is as it should be stays as it is.
   * @param erasures with their fence, in the order of the log
   * @param next offset after the last of them
   * @param at milliseconds since the epoch: exports have 60 s from here
   */
  take(erasures: readonly NamedErasure[], next: number, at: number): Promise<Reapplied>;
  /** Puts removals of single events back that are not there. Before `take`, which says that the page is taken. @returns how many it put back */
  takeRemoves(removes: readonly NamedRemove[], at: number): Promise<number>;
}

/** An erasure or a removal as an export is held to it. */
export interface OrderState extends Named {
  readonly kind: Removal['kind'];
  /** Milliseconds since the epoch, of the signed request. */
  readonly issuedAt: number;
  /** When the export reported that it is applied, milliseconds since the epoch; null: it has not. */
  readonly reportedAt: number | null;
}

/** What exports tell about themselves. */
export interface ExportReports {
  /** An export of this app is at work. */
  register(exportName: string, app: Uint8Array): Promise<void>;
  /** It is over: no removal waits for it any more. */
  forget(exportName: string): Promise<void>;
  /**
   * It has applied these removals (of erasures those whose fence is known). `rows`: how many it deleted; of what several processes of an export
   * say, the most counts.
   */
  report(exportName: string, removals: readonly (Named & { readonly rows: number })[]): Promise<void>;
  /**
   * Removals of single events in this app that the export has not reported, in order of owner and id.
   * @param among `all` ever, as at its start; `open` those that are not completed, or wait for an export
   */
  due(exportName: string, app: Uint8Array, among: 'all' | 'open', limit: number): Promise<NamedRemove[]>;
  /** Every erasure and removal in this app, or of this wallet in it, and when the export has reported it. */
  orders(exportName: string, app: Uint8Array, wallet?: Uint8Array): Promise<OrderState[]>;
  /** Every export that was ever at work and is not forgotten, declared or not, in the order of their names. */
  registered(): Promise<{ readonly name: string; readonly app: Uint8Array | null }[]>;
}
