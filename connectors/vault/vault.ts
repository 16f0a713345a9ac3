import { scrub, transitKeyPair } from '../../protocol/index.ts';
import type { Clock, Random } from '../../services/pipeline/clock.ts';
import type { Keks } from '../../services/pipeline/ports/kms.ts';
import type { OpenRoot, Owner, RootRef, Transit, Vault } from '../../services/pipeline/ports/vault.ts';
import { freshRootOf } from './fresh-root.ts';
import { type GivenKeysDeps, giveKeys } from './given-keys.ts';
import { openRoot } from './open-root.ts';
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
  /** At most 5,000 ms, the wait of an erasure. */
  readonly ttlMs?: number;
  /** Most owners that each of the caches keeps. */
  readonly maxEntries?: number;
}

/** The longest any cache keeps a transit or scope key: an erasure waits as long. */
const MAX_TTL_MS = 5_000;
const MAX_BATCH = 1_000;

/** The vault over any store of wrapped roots: wrapping, caches and the check of who may read. */
export function createVault(store: RootStore, options: VaultOptions): Vault {
  const { keks, random, clock, calendar, consents, ttlMs = MAX_TTL_MS, maxEntries = 10_000 } = options;
  if (ttlMs > MAX_TTL_MS) throw new RangeError(`a vault caches at most ${MAX_TTL_MS} ms`);
  const cache = { now: () => clock.now(), ttlMs, maxEntries, maxBatch: MAX_BATCH };

  const transit = createShortCache<Owner, Transit | null>({
    ...cache,
    keyOf: ownerKey,
    async load(owners) {
      const kek = await keks.current();
      const fresh = owners.map((owner) => freshRootOf(owner, kek, random).wrapped);
      const stored = await store.newest(owners, fresh);
      const opened = stored.map((row, i) =>
        openRoot(keks, { ...(owners[i] as Owner), rootVersion: row.rootVersion }, row),
      );
      const transits = (await Promise.all(opened)).map((root) => {
        if (!root) return null;
        const { rootVersion, userRoot, mode, subject } = root;
        const pair = transitKeyPair(userRoot);
        userRoot.fill(0);
        pair.secretKey.fill(0);
        return { rootVersion, publicKey: pair.publicKey, mode, subject };
      });
      scrub();
      return transits;
    },
  });

  const roots = createShortCache<RootRef, OpenRoot | null | undefined>({
    ...cache,
    keyOf: (ref) => ownerKey(ref, ref.rootVersion),
    async load(refs) {
      const stored = await store.find(refs);
      const opened = await Promise.all(stored.map((row, i) => row && openRoot(keks, refs[i] as RootRef, row)));
      scrub();
      return opened;
    },
    give: (root) => root && { ...root, userRoot: SecretBytes.of32(root.userRoot) },
    onDrop: (root) => root?.userRoot.fill(0),
  });

  const openRoots: Vault['roots'] = (refs) => roots.ask(refs);
  const given = giveKeys({ roots: openRoots, consents, calendar, cache });
  return {
    transit: (owners) => transit.ask(owners),
    roots: openRoots,
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
