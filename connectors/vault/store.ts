import type { Owner, RootRef } from '../../services/pipeline/ports/vault.ts';
import type { StoredRoot } from './open-root.ts';

/** Where wrapped roots rest. It never sees an unwrapped one. */
export interface RootStore {
  /**
   * The newest root of each owner, in order; `fresh[i]` becomes version 1 where there is none.
   * The first to create wins; everybody gets the winner's.
   */
  newest(owners: readonly Owner[], fresh: readonly Uint8Array[]): Promise<(StoredRoot & { rootVersion: number })[]>;
  /** undefined where there is no such row. */
  find(refs: readonly RootRef[]): Promise<(StoredRoot | undefined)[]>;
}
