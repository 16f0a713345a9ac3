import type { Owner, Vault } from '../../services/pipeline/ports/vault.ts';
import { OVERWRITTEN, type StoredRoot } from './open-root.ts';
import { ownerKey } from './owner-key.ts';
import type { RootStore } from './store.ts';
import { createVault, type VaultOptions } from './vault.ts';

export interface VaultTwin extends Vault {
  /** Overwrites every root of the owner. */
  erase(owner: Owner): Promise<void>;
  /** Loses every root of the owner, as a restore of an old backup would. */
  lose(owner: Owner): Promise<void>;
  /** Puts the owner in client mode under the subject that the client named. */
  toClient(owner: Owner, subject: Uint8Array): Promise<void>;
  /** Another vault over the same rows, with caches of its own. */
  reopen(): Vault;
  /** Calls of the store so far, by every vault over it. */
  readonly loads: number;
}

/** The vault with its rows in memory; caches, wrapping and policy are those of the real one. */
export function createMemoryVault(options: VaultOptions): VaultTwin {
  const rows = new Map<string, StoredRoot & { rootVersion: number }>();
  let loads = 0;
  const store: RootStore = {
    async newest(owners, fresh) {
      loads += 1;
      return owners.map((owner, i) => {
        const key = ownerKey(owner, 1);
        const made = {
          rootVersion: 1,
          wrapped: fresh[i] as Uint8Array,
          epoch: 0,
          mode: 'service' as const,
          subject: null,
        };
        const row = rows.get(key) ?? made;
        rows.set(key, row);
        return row;
      });
    },
    async find(refs) {
      loads += 1;
      return refs.map((ref) => rows.get(ownerKey(ref, ref.rootVersion)));
    },
  };
  const change = (owner: Owner, to: Partial<StoredRoot>) => {
    const key = ownerKey(owner, 1);
    const row = rows.get(key);
    if (row) rows.set(key, { ...row, ...to });
  };
  const close = async () => undefined;
  return {
    ...createVault(store, options),
    reopen: () => ({ ...createVault(store, options), close }),
    get loads() {
      return loads;
    },
    async erase(owner) {
      change(owner, { wrapped: OVERWRITTEN });
    },
    async lose(owner) {
      rows.delete(ownerKey(owner, 1));
    },
    async toClient(owner, subject) {
      change(owner, { mode: 'client', subject });
    },
    close,
  };
}
