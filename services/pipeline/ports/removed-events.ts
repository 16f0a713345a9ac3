import type { SealedSummary, Selectable } from '../rules/removal.ts';
import type { Owner } from './vault.ts';

/** An event, and whose it is. */
export type OwnedEvent = Owner & Selectable;
/** A batch in client mode, and whose it is. */
export type OwnedBatch = Owner & SealedSummary;

/** The removal that took something away: of several the last that was signed. */
export interface RemovedBy {
  /** 16 bytes, of the signed request. */
  readonly id: Uint8Array;
  /** Milliseconds since the epoch, of the signed request. */
  readonly issuedAt: number;
}

/**
 * So long after it has asked may a reader still write what it was told is there; then it asks again, or writes nothing more. Milliseconds.
 * The receipt of a removal is signed only when this has passed since its row was seen, so no byte of a removed event is written after it.
 */
export const REMOVED_FRESH_MS = 5_000;

/**
 * Which events are removed, from the moment their removal is committed. Every call reads the table: nobody caches an answer, and a reader
 * asks as its last step before it writes. One call takes a whole page, of any number of owners, and costs what is on the page, not what
 * its owners have removed in a lifetime.
 */
export interface RemovedEvents {
  /** One answer per owner, in order: false where nothing was ever removed, so that its events need not be asked for one by one. */
  any(owners: readonly Owner[]): Promise<boolean[]>;
  /** One answer per event, in order; null: it is there. */
  of(events: readonly OwnedEvent[]): Promise<(RemovedBy | null)[]>;
  /** The same for batches that only their owner can open: those that are removed as a whole. */
  ofSealed(batches: readonly OwnedBatch[]): Promise<(RemovedBy | null)[]>;
}
