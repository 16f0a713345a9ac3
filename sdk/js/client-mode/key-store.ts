/** A root of one wallet in one app that the client made: whoever has it reads everything that was written under it. */
export interface OwnRoot {
  /** 32 secret bytes. */
  readonly userRoot: Uint8Array;
  /** The key epoch that is written under now. */
  readonly epoch: number;
  /** `made`: no move has named it yet; `current`: what is written now is encrypted under it; `past`: only what was. */
  readonly state: 'made' | 'current' | 'past';
}

/**
 * Where a client keeps the roots of one wallet in one app. The service never gets them and cannot give them back: a root that is lost here
 * takes everything that was written under it along. Keep it where the wallet's own key is kept.
 */
export interface KeyStore {
  /** Oldest first. */
  load(): Promise<readonly OwnRoot[]>;
  /** Adds a root, or replaces the one with these bytes; keeps a copy of them, they are overwritten later. Resolves only once it is durable. */
  save(root: OwnRoot): Promise<void>;
  /** Overwrites every root: what was written under them is unreadable from then on, for everybody. */
  destroy(): Promise<void>;
}

/** Roots in memory, for tests and for applications that make them anew from a secret of their own at each start. */
export function memoryKeyStore(roots: readonly OwnRoot[] = []): KeyStore {
  const kept = new Map<string, OwnRoot>();
  const keep = (root: OwnRoot) => kept.set(root.userRoot.join(), { ...root, userRoot: root.userRoot.slice() });
  for (const root of roots) keep(root);
  return {
    load: async () => [...kept.values()].map((root) => ({ ...root, userRoot: root.userRoot.slice() })),
    async save(root) {
      keep(root);
    },
    async destroy() {
      for (const { userRoot } of kept.values()) userRoot.fill(0);
      kept.clear();
    },
  };
}
