import type { Erasure, NamedErasure } from './erasures.ts';
import type { Owner } from './vault.ts';

/** How far a removal is. `fenced`: the fence is stored. `sent`: the record is in `ddc.removals.requested`. `done`: a receipt is out. */
export type RemovalState = 'committed' | 'fenced' | 'sent' | 'done';

/** An erasure as the sweeper works on it. */
export interface Removal extends Erasure {
  /** 16 bytes, of the signed request. */
  readonly id: Uint8Array;
  readonly state: RemovalState;
  /** Milliseconds since the epoch when it became `sent`; exports have 60 s from here. */
  readonly sentAt: number | null;
  /** Exports that had not reported when the last receipt was made: a further one follows. */
  readonly pending: readonly string[];
  /** How many receipts there are. */
  readonly receipts: number;
}

/** How far the rooms are with one removal, and what its receipt has to name. */
export interface RemovalProgress {
  /** The room's mark has passed the fence. */
  readonly indexer: boolean;
  readonly pinner: boolean;
  /** No row of the index that the erasure reaches is left. */
  readonly swept: boolean;
  /** Exports that may hold rows of this owner, by name, and whether each has reported. */
  readonly exports: readonly { readonly name: string; readonly reported: boolean }[];
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
  /** Erasures that are not done, or done with exports pending, in order of owner and id. @param after the last of the page before */
  open(limit: number, after?: Named): Promise<Removal[]>;
  /** committed → fenced. @returns false when it is no longer committed. */
  fence(removal: Named, fence: number): Promise<boolean>;
  /** fenced → sent. @param at milliseconds since the epoch */
  sent(removal: Named, at: number): Promise<boolean>;
  /** From the rows of indexer and pinner, the index and the reports of exports. @param partition of the wallet */
  progress(removal: Removal, partition: number): Promise<RemovalProgress>;
  /** sent → done with the first receipt, or a further receipt. @returns false when another sweeper was first. */
  complete(removal: Removal, receipt: StoredReceipt, pending: readonly string[]): Promise<boolean>;
  /** With its receipts, oldest first; null when there is no such erasure. */
  find(removal: Named): Promise<{ removal: Removal; receipts: readonly StoredReceipt[] } | null>;
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
}

/** What exports tell about themselves. */
export interface ExportReports {
  /** An export of this app is at work. */
  register(exportName: string, app: Uint8Array): Promise<void>;
  /** It has applied these erasures, whose fence is known. */
  report(exportName: string, removals: readonly Named[]): Promise<void>;
}
