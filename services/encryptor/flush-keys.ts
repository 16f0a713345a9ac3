import { scopeKey, scrub, transitKeyPair } from '../../protocol/index.ts';
import type { OpenRoot } from '../pipeline/ports/vault.ts';

/** Keys derived at most once per flush and forgotten with it, so that none outlives the vault's own caches. */
export interface FlushKeys {
  /** The pair to which bodies of this owner are sealed in `received`. */
  transit(root: OpenRoot): ReturnType<typeof transitKeyPair>;
  /** The key of a scope for one owner and its current epoch. */
  scope(root: OpenRoot, app: Uint8Array, name: string): Uint8Array;
  /** Overwrites them all, and the roots that they came from. Nothing of the flush may need them any more. */
  forget(roots: readonly (OpenRoot | null | undefined)[]): void;
}

export function createFlushKeys(): FlushKeys {
  const pairs = new Map<OpenRoot, ReturnType<typeof transitKeyPair>>();
  const scopes = new Map<OpenRoot, Map<string, Uint8Array>>();
  return {
    transit: (root) => remember(pairs, root, () => transitKeyPair(root.userRoot)),
    scope(root, app, name) {
      // A root belongs to one app and stands at one epoch: its name is all that tells two scope keys apart.
      const keys = remember(scopes, root, () => new Map<string, Uint8Array>());
      return remember(keys, name, () => scopeKey(root.userRoot, app, name, root.epoch));
    },
    forget(roots) {
      for (const pair of pairs.values()) pair.secretKey.fill(0);
      for (const keys of scopes.values()) for (const key of keys.values()) key.fill(0);
      for (const root of roots) root?.userRoot.fill(0);
      scrub();
    },
  };
}

function remember<K, V>(kept: Map<K, V>, key: K, make: () => V): V {
  let value = kept.get(key);
  if (value === undefined) {
    value = make();
    kept.set(key, value);
  }
  return value;
}
