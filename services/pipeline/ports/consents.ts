import type { Consent, VerifiedRequest } from '../../../protocol/index.ts';
import type { Owner } from './vault.ts';

/** One key that was given, as the owner sees it. Gifts that differ only in time are one entry. */
export interface KeyAccess {
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  /** `Reader.name`. */
  readonly reader: string;
  readonly scope: string;
  readonly rootVersion: number;
  readonly epoch: number;
  /** Id of the grant, policy or keys request that allowed it, hex. */
  readonly by: string;
}

/** An entry of the access log. Times in milliseconds since the epoch. */
export interface LoggedAccess extends KeyAccess {
  readonly first: number;
  readonly last: number;
  /** How often the vault gave it (gifts out of a cache are not counted again). */
  readonly times: number;
}

/** Where an entry stands in the access log. Nothing in it changes when the key is given again. */
export type AccessPlace = Pick<LoggedAccess, 'first' | 'reader' | 'scope' | 'rootVersion' | 'epoch' | 'by'>;

/** What wallets have signed about who may read them, and what was given because of it. */
export interface Consents {
  /**
   * Consent and epoch of each owner, in order, in one round trip. The epoch is the newest that has begun. Left out is what has ended for good
   * (its end has begun a new epoch), with the revocations that ended it.
   */
  of(owners: readonly Owner[]): Promise<{ consent: Consent; epoch: number }[]>;
  /** Up to `limit` wallets of an app who have signed something about readers that counts, in the order of their keys. */
  owners(app: Uint8Array, limit: number): Promise<Owner[]>;
  /** Certificates that a wallet has registered, newest first, expired ones included. */
  certificates(wallet: Uint8Array): Promise<VerifiedRequest<'recipient'>[]>;
  /** Whether some wallet's certificate for this X25519 key is registered and has not expired. */
  certified(x25519: Uint8Array, now: number): Promise<boolean>;
  /** Writes the access log, one statement. */
  record(accesses: readonly KeyAccess[], at: number): Promise<void>;
  /**
   * The access log of an owner, those that were first given last in front. Page by page every entry that stood there at the first page
   * comes once, whatever is given meanwhile. @param page.after the last entry of the page before
   */
  accesses(owner: Owner, page: { after?: AccessPlace; limit: number }): Promise<LoggedAccess[]>;
  /**
   * Begins a new epoch for up to `limit` owners of whom a grant or policy has expired unanswered (protocol's `rekey`), by
   * this clock and by that of the store: neither alone, running ahead, ends what still holds.
   * @returns how many owners were answered; each end is answered once, however many processes ask.
   */
  answerExpired(now: number, limit: number): Promise<number>;
}
