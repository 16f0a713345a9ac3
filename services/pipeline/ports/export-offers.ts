/** What an app lets partners attach to its events: the list of exports that may come, beside what each wallet has granted. */
export interface ExportOffer {
  /** 32 bytes. */
  readonly app: Uint8Array;
  /** At least one: what a partner may ask for. Whether it may read a wallet's, the wallet decides. */
  readonly scopes: readonly string[];
  /** Event types; null: all. */
  readonly types: readonly string[] | null;
  readonly sinks: readonly string[];
  /** Wallets of partners, hex; null: whoever holds a grant. */
  readonly partners: readonly string[] | null;
  /** Nobody attaches from then on; what is attached stays until it is ended. Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** The offer of each app. */
export interface ExportOffers {
  /** Replaces the one before. */
  put(offer: ExportOffer): Promise<void>;
  find(app: Uint8Array): Promise<ExportOffer | null>;
}
