import type { Owner, Vault } from '../../services/pipeline/ports/vault.ts';
import { OVERWRITTEN } from '../postgres/user-roots.ts';
import { createMemoryConsents } from './memory-consents.ts';
import { type KeyTables, type MemoryRoot, memoryKeyTables, ownerName, requestsOf } from './memory-tables.ts';
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
  /** Calls of the store of roots so far, by every vault over it. */
  readonly loads: number;
  readonly tables: KeyTables;
}

export type MemoryVaultOptions = Omit<VaultOptions, 'consents'> & Partial<Pick<VaultOptions, 'consents'>>;

/** The vault with its rows in memory; caches, wrapping and the check of consent are those of the real one. */
export function createMemoryVault(options: MemoryVaultOptions, tables: KeyTables = memoryKeyTables()): VaultTwin {
  const { roots } = tables;
  let loads = 0;
  const rowsOf = (owner: Owner) => roots.get(ownerName(owner)) ?? [];
  const add = (owner: Owner, wrapped: Uint8Array, epoch: number, prepared: boolean): MemoryRoot => {
    const rows = rowsOf(owner);
    const rootVersion = Math.max(0, ...rows.map((row) => row.rootVersion)) + 1;
    const made = { rootVersion, wrapped, epoch, mode: 'service' as const, subject: null, prepared };
    roots.set(ownerName(owner), [...rows, made]);
    return made;
  };
  /** The end of a grant or policy began an epoch, and there was no root to write it to. */
  const firstEpoch = (owner: Owner): number => {
    const ended = requestsOf(tables, owner).filter((one) => one.answered && one.request.kind !== 'revoke');
    return ended.length > 0 ? 1 : 0;
  };
  const store: RootStore = {
    async newest(owners, fresh) {
      loads += 1;
      return owners.map((owner, i) => {
        const newest = rowsOf(owner).findLast((row) => !row.prepared);
        const erased = tables.erasures.filter((one) => ownerName(one) === ownerName(owner));
        const erasedAt = erased.length > 0 ? Math.max(...erased.map(({ issuedAt }) => issuedAt)) : null;
        return { ...(newest ?? add(owner, fresh[i] as Uint8Array, firstEpoch(owner), false)), erasedAt };
      });
    },
    async find(refs) {
      loads += 1;
      return refs.map((ref) => rowsOf(ref).find((row) => row.rootVersion === ref.rootVersion));
    },
    async prepared(owner, fresh) {
      return rowsOf(owner).find((row) => row.prepared) ?? add(owner, fresh, 0, true);
    },
  };
  const change = (owner: Owner, to: Partial<MemoryRoot>) => {
    roots.set(
      ownerName(owner),
      rowsOf(owner).map((row) => ({ ...row, ...to })),
    );
  };
  const open = () => createVault(store, { consents: createMemoryConsents(tables), ...options });
  return {
    ...open(),
    tables,
    reopen: open,
    get loads() {
      return loads;
    },
    async erase(owner) {
      change(owner, { wrapped: OVERWRITTEN });
    },
    async lose(owner) {
      roots.delete(ownerName(owner));
    },
    async toClient(owner, subject) {
      change(owner, { mode: 'client', subject });
    },
  };
}
