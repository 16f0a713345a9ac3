import { scopeKey, transitKeyPair, wrapRoot } from '../../protocol/index.ts';
import type { Clock, Random } from '../../services/pipeline/clock.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { OpenRoot, Owner, RootRef, Transit, Vault } from '../../services/pipeline/ports/vault.ts';
import type { Keks } from './kek-file.ts';
import { openRoot } from './open-root.ts';
import { ownerKey } from './owner-key.ts';
import { SecretBytes } from './secret-bytes.ts';
import { createShortCache } from './short-cache.ts';
import type { RootStore } from './store.ts';

/** Whether this export may read this scope of this owner. Grants will be looked up here. */
export type MayRead = (exportName: string, scope: string, owner: Owner) => boolean;

export interface VaultOptions {
  readonly keks: Keks;
  readonly random: Pick<Random, 'bytes'>;
  /** Monotonic: only differences count, and a clock that is set back would keep keys longer than an erasure waits. */
  readonly clock: Pick<Clock, 'now'>;
  /** Default: no export may read anything. */
  readonly mayRead?: MayRead;
  /** At most 5,000 ms, the wait of an erasure. */
  readonly ttlMs?: number;
  /** Most owners that each of the two caches keeps. */
  readonly maxEntries?: number;
}

/** The longest any cache keeps a transit or scope key: an erasure waits as long. */
const MAX_TTL_MS = 5_000;
const MAX_SCOPE_KEYS = 1_000;
const MAX_BATCH = 1_000;

/** The vault over any store of wrapped roots: wrapping, caches and the check of who may read. */
export function createVault(store: RootStore, options: VaultOptions): Omit<Vault, 'close'> {
  const { keks, random, clock, mayRead = () => false, ttlMs = MAX_TTL_MS, maxEntries = 10_000 } = options;
  if (ttlMs > MAX_TTL_MS) throw new RangeError(`a vault caches at most ${MAX_TTL_MS} ms`);
  const cache = { now: () => clock.now(), ttlMs, maxEntries, maxBatch: MAX_BATCH };

  const freshRoot = ({ app, wallet }: Owner) => {
    const { key: kek, version: kekVersion } = keks.current;
    return wrapRoot({ kek, kekVersion, app, wallet, userRoot: random.bytes(32), nonce: random.bytes(24) });
  };

  const transit = createShortCache<Owner, Transit | null>({
    ...cache,
    keyOf: ownerKey,
    async load(owners) {
      const stored = await store.newest(owners, owners.map(freshRoot));
      return stored.map((row, i) => {
        const root = openRoot(keks, { ...(owners[i] as Owner), rootVersion: row.rootVersion }, row);
        if (!root) return null;
        const { rootVersion, userRoot, mode, subject } = root;
        return { rootVersion, publicKey: transitKeyPair(userRoot).publicKey, mode, subject };
      });
    },
  });

  const roots = createShortCache<RootRef, OpenRoot | null | undefined>({
    ...cache,
    keyOf: (ref) => ownerKey(ref, ref.rootVersion),
    async load(refs) {
      const stored = await store.find(refs);
      return stored.map((row, i) => row && openRoot(keks, refs[i] as RootRef, row));
    },
  });

  return {
    transit,
    roots,

    async scopeKeys(requests) {
      if (requests.length > MAX_SCOPE_KEYS) {
        throw new FatalError(
          'too_many_scope_keys',
          `${requests.length} scope keys in one call; ask for at most ${MAX_SCOPE_KEYS}`,
        );
      }
      const allowed = requests.map((request) => mayRead(request.reader.export, request.scope, request));
      const opened = await roots(requests.filter((_, i) => allowed[i]));
      let next = 0;
      return requests.map(({ app, scope, epoch }, i) => {
        const root = allowed[i] ? opened[next++] : null;
        // In client mode the vault holds only what opens the transit seal: no key of any scope follows from it.
        if (!root || root.mode === 'client') return null;
        return SecretBytes.of32(scopeKey(root.userRoot, app, scope, epoch));
      });
    },
  };
}
