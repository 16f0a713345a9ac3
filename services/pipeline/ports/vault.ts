/** Keys per (app, wallet). The only place where user roots exist unwrapped outside the encryptor. */

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
}

export interface RootRef extends Owner {
  readonly rootVersion: number;
}

/** An unwrapped user root. Redacts itself in logs and in `inspect`. */
export interface OpenRoot {
  /** 32 secret bytes. */
  readonly userRoot: Uint8Array;
  readonly rootVersion: number;
  readonly epoch: number;
  /** 32 bytes. */
  readonly subject: Uint8Array;
  readonly mode: 'service' | 'client';
}

export interface ScopeKeyRequest {
  /** Who asks: an export by its name. Grants and policies are checked for it. */
  readonly reader: { readonly export: string };
  readonly app: Uint8Array;
  /** Public storage and `pinned` name the wallet; a reader that knows only the subject cannot ask. */
  readonly wallet: Uint8Array;
  readonly rootVersion: number;
  readonly scope: string;
  readonly epoch: number;
}

export interface Vault {
  /** Creates a root where absent. One answer per owner, in order; null where the wallet was erased and not re-opened. Cached at most 5 s. */
  transit(owners: readonly Owner[]): Promise<(Transit | null)[]>;
  /**
   * For the encryptor and key-serving routes. null where the root was overwritten (erased), undefined where there is none: it never was,
   * or the vault has lost it.
   */
  roots(refs: readonly RootRef[]): Promise<(OpenRoot | null | undefined)[]>;
  /** Up to 1,000 per call; the one place where grants and policies are checked. null where refused. Cached at most 5 s. */
  scopeKeys(requests: readonly ScopeKeyRequest[]): Promise<(Uint8Array | null)[]>;
  close(): Promise<void>;
}
