import type { Erasure } from './erasures.ts';
import type { Owner } from './vault.ts';

/** How far a removal is. `fenced`: the fence is stored. `sent`: the record is in `ddc.removals.requested`. `done`: a receipt is out. */
export type RemovalState = 'committed' | 'fenced' | 'sent' | 'done';

/** An erasure that the sweeper works on. */
export interface OpenRemoval extends Erasure {
  /** 16 bytes, of the signed request. */
  readonly id: Uint8Array;
  readonly state: RemovalState;
  /** Milliseconds since the epoch, when the transaction of step 1 committed: database's clock. */
  readonly committedAt: number;
  /** When it became `sent`; exports have 60 s from here. */
  readonly sentAt: number | null;
  /** A receipt is out that names exports as pending: a further one follows. */
  readonly pending: readonly string[];
}

/** What is known of the rooms' progress with one removal. */
export interface RemovalProgress {
  /** The marks have passed the fence. */
  readonly indexer: boolean;
  readonly pinner: boolean;
  /** No row of the index that the erasure reaches is left. */
  readonly swept: boolean;
  /** Exports that may hold rows of this owner, and whether each has reported. */
  readonly exports: readonly { readonly name: string; readonly reported: boolean }[];
}

/** A signed receipt as stored: `n` counts from 1; a later one replaces none. */
export interface StoredReceipt {
  readonly n: number;
  /** JSON form of protocol's `Receipt`. */
  readonly receipt: Readonly<Record<string, unknown>>;
}

/** The table `removals` as the sweeper moves it. Every step is a compare-and-set, so several sweepers do no harm. */
export interface Removals {
  /** Not done, or done with exports pending; oldest first. */
  open(limit: number): Promise<OpenRemoval[]>;
  /** committed → fenced. @returns false when another sweeper was first. */
  fence(owner: Owner, id: Uint8Array, fence: number): Promise<boolean>;
  /** fenced → sent. */
  sent(owner: Owner, id: Uint8Array, at: number): Promise<boolean>;
  /** From the rows of indexer and pinner, the index and the reports of exports. */
  progress(removal: OpenRemoval): Promise<RemovalProgress>;
  /** sent → done, or a further receipt; stores it. `pending` are exports that have not reported. */
  complete(owner: Owner, id: Uint8Array, receipt: StoredReceipt, pending: readonly string[]): Promise<boolean>;
  /** State and receipts, for the owner; null when there is no such removal. */
  find(owner: Owner, id: Uint8Array): Promise<{ removal: OpenRemoval; receipts: readonly StoredReceipt[] } | null>;
  /** An export is at work, or reports that it has applied erasures whose fence is known. */
  register(exportName: string, app: Uint8Array | null): Promise<void>;
  report(exportName: string, removals: readonly { owner: Owner; id: Uint8Array }[]): Promise<void>;
}
