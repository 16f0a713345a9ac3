import type { Owner, RootRef } from '../../services/pipeline/ports/vault.ts';
import type { StoredRoot } from './open-root.ts';

/** A row of `user_roots` with its version. */
export type VersionedRoot = StoredRoot & { readonly rootVersion: number };

/** The newest root of an owner. */
export interface NewestRoot extends VersionedRoot {
  /** `issuedAt` of the owner's last erasure, or null: see `Transit.erasedAt`. */
  readonly erasedAt: number | null;
}

/** Where wrapped roots rest. It never sees an unwrapped one. */
export interface RootStore {
  /**
   * The newest root of each owner, in order; `fresh[i]` becomes the first where there is none. Prepared roots do not count.
   * The first to create wins; everybody gets the winner's.
   */
  newest(owners: readonly Owner[], fresh: readonly Uint8Array[]): Promise<NewestRoot[]>;
  /** undefined where there is no such row. */
  find(refs: readonly RootRef[]): Promise<(StoredRoot | undefined)[]>;
  /** The owner's prepared root; `fresh` becomes it where there is none. */
  prepared(owner: Owner, fresh: Uint8Array): Promise<VersionedRoot>;
}
