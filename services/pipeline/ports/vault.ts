import type { Asker } from '../../../protocol/index.ts';

/** Keys per (app, wallet). The only place where user roots exist unwrapped outside the encryptor and the routes that open metas. */

/**
 * The longest that anything keeps what the vault has answered. Milliseconds. An erasure waits as long before its fence, a re-opening
 * comes after that fence, and what a request changes counts after it: all three are this one number.
 */
export const VAULT_CACHE_MS = 5_000;

export interface Owner {
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
}

export interface Transit {
  readonly rootVersion: number;
  /** X25519 public key, 32 bytes: `crypto_box_seal` to it. */
  readonly publicKey: Uint8Array;
  /** Who encrypts this owner's batches, and under which subject (32 bytes). */
  readonly mode: 'service' | 'client';
  readonly subject: Uint8Array;
  /** When the owner signed the last erasure (`issuedAt`, milliseconds since the epoch), or null: a batch signed until then falls under it. */
  readonly erasedAt: number | null;
}

export interface RootRef extends Owner {
  readonly rootVersion: number;
}

/** An unwrapped user root. Redacts itself in logs and in `inspect`. */
export interface OpenRoot {
  /** 32 secret bytes, a copy for this caller: overwrite it after use. */
  readonly userRoot: Uint8Array;
  readonly rootVersion: number;
  readonly epoch: number;
  /** 32 bytes. */
  readonly subject: Uint8Array;
  readonly mode: 'service' | 'client';
}

/** Who wants keys: what the wallet signed is checked for it, and the access log names it. */
export interface Reader {
  /** `export:<name>`, `app:<hex>`, `wallet:<hex>`: shown to the owner. */
  readonly name: string;
  readonly asker: Asker;
}

export interface ScopeKeyRequest {
  readonly reader: Reader;
  readonly app: Uint8Array;
  /** Public storage and `pinned` name the wallet; a reader that knows only the subject cannot ask. */
  readonly wallet: Uint8Array;
  readonly rootVersion: number;
  readonly scope: string;
  readonly epoch: number;
}

/** A key that was given. */
export interface GivenKey {
  /** 32 secret bytes, a copy for this caller: overwrite it after use. */
  readonly key: Uint8Array;
  /** Id of the grant, policy or keys request that allows it, hex. */
  readonly by: string;
  /** X25519 key to which it is to be sealed, 32 bytes; null for an export and for the app's own crypto calls, which are parts of the service. */
  readonly recipient: Uint8Array | null;
}

export interface Vault {
  /** Creates a root where absent. One answer per owner, in order; null where the wallet was erased and not re-opened. Cached at most 5 s. */
  transit(owners: readonly Owner[]): Promise<(Transit | null)[]>;
  /**
   * For the encryptor and for routes that open metas. null where the root was overwritten (erased), undefined where there is none: it
   * never was, or the vault has lost it. Cached at most 5 s.
   */
  roots(refs: readonly RootRef[]): Promise<(OpenRoot | null | undefined)[]>;
  /**
   * Up to 1,000 per call; the one place where grants and policies are checked, for exports too. null where refused, and where the root was
   * overwritten, is the client's own, or is not there. What is given is in the access log before it is returned. Decisions are cached at most 5 s.
   */
  scopeKeys(requests: readonly ScopeKeyRequest[]): Promise<(GivenKey | null)[]>;
  /**
   * A root in service mode that counts only once a move has named its subject; the same one until then.
   * @returns its version and subject (32 bytes)
   */
  prepare(owner: Owner): Promise<{ rootVersion: number; subject: Uint8Array }>;
  /** Forgets every key. */
  close(): Promise<void>;
}
