import { scrub, transitKeyPair } from '../../protocol/index.ts';
import type { Clock, Random } from '../../services/pipeline/clock.ts';
import type { Keks } from '../../services/pipeline/ports/kms.ts';
import {
  type OpenRoot,
  type Owner,
  type RootRef,
  type Transit,
  VAULT_CACHE_MS,
  type Vault,
} from '../../services/pipeline/ports/vault.ts';
import { freshRootOf } from './fresh-root.ts';
import { type GivenKeysDeps, giveKeys } from './given-keys.ts';
import { openRoot, openRoots } from './open-root.ts';
import { ownerKey } from './owner-key.ts';
import { SecretBytes } from './secret-bytes.ts';
import { createShortCache } from './short-cache.ts';
import type { RootStore } from './store.ts';

export interface VaultOptions {
  readonly keks: Keks;
  readonly random: Pick<Random, 'bytes'>;
  /** Monotonic: only differences count, and a clock that is set back would keep keys longer than an erasure waits. */
  readonly clock: Pick<Clock, 'now'>;
  /** Milliseconds since the epoch: when grants and policies end. */
  readonly calendar: Pick<Clock, 'now'>;
  /** What wallets have allowed, and where what was given is written down. */
  readonly consents: GivenKeysDeps['consents'];
  /** At most `VAULT_CACHE_MS`, the wait of an erasure. */
  readonly ttlMs?: number;
  /** Most owners that each of the caches keeps. */
  readonly maxEntries?: number;
}

const MAX_BATCH = 1_000;

/** The vault over any store of wrapped roots: wrapping, caches and the check of who may read. */
export function createVault(store: RootStore, options: VaultOptions): Vault {
  const { keks, random, clock, calendar, consents, ttlMs = VAULT_CACHE_MS, maxEntries = 10_000 } = options;
  if (ttlMs > VAULT_CACHE_MS) throw new RangeError(`a vault caches at most ${VAULT_CACHE_MS} ms`);
  const cache = { now: () => clock.now(), ttlMs, maxEntries, maxBatch: MAX_BATCH };

  const transit = createShortCache<Owner, Transit | null>({
    ...cache,
    keyOf: ownerKey,
    async load(owners) {
      const kek = await keks.current();
      const fresh = owners.map((owner) => freshRootOf(owner, kek, random).wrapped);
      const stored = await store.newest(owners, fresh);
      const refs = stored.map(({ rootVersion }, i) => ({ ...(owners[i] as Owner), rootVersion }));
      const transits = (await openRoots(keks, refs, stored)).map((root, i) => {
        if (!root) return null;
        const { rootVersion, userRoot, mode, subject } = root;
        const pair = transitKeyPair(userRoot);
        userRoot.fill(0);
        pair.secretKey.fill(0);
        return { rootVersion, publicKey: pair.publicKey, mode, subject, erasedAt: stored[i]?.erasedAt ?? null };
      });
      scrub();
      return transits;
    },
  });

  const roots = createShortCache<RootRef, OpenRoot | null | undefined>({
    ...cache,
    keyOf: (ref) => ownerKey(ref, ref.rootVersion),
    async load(refs) {
      const opened = await openRoots(keks, refs, await store.find(refs));
      scrub();
      return opened;
    },
    give: (root) => root && { ...root, userRoot: SecretBytes.of32(root.userRoot) },
    // One that is not there may be made a moment later.
    keeps: (root) => root !== undefined,
    onDrop: (root) => root?.userRoot.fill(0),
  });

  const askRoots: Vault['roots'] = (refs) => roots.ask(refs);
  const given = giveKeys({ roots: askRoots, consents, calendar, cache });
  return {
    transit: (owners) => transit.ask(owners),
    roots: askRoots,
    scopeKeys: given.scopeKeys,

    async prepare(owner) {
      const { wrapped } = freshRootOf(owner, await keks.current(), random);
      const row = await store.prepared(owner, wrapped);
      const root = await openRoot(keks, { ...owner, rootVersion: row.rootVersion }, row);
      if (!root) throw new Error('a prepared root was overwritten');
      root.userRoot.fill(0);
      return { rootVersion: row.rootVersion, subject: root.subject };
    },

    async close() {
      transit.close();
      roots.close();
      given.close();
    },
  };
}
