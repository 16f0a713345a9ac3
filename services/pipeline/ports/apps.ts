export interface App {
  /** 32-byte public key. */
  readonly app: Uint8Array;
  readonly tier: 'free' | 'premium';
  /** Takes writes without a token; only for sandboxes. */
  readonly open: boolean;
  /** Index of the prepaid pot that only the operator can debit. */
  readonly pot: number;
  /** Settlement is unpaid: writes get 402 until it is funded. */
  readonly unpaid: boolean;
  /** From where browsers may call for it: `https://shop.example`, or `*`. */
  readonly origins: readonly string[];
}

/** Origins that count: an open app that names none may be called from everywhere. */
export const originsOf = ({ open, origins }: Pick<App, 'open' | 'origins'>): readonly string[] =>
  origins.length === 0 && open ? ['*'] : origins;

export interface Apps {
  /** Registers an app (`free` and closed where nothing else is said), or changes what is given of a known one. The pot index is assigned once. */
  add(app: { app: Uint8Array; tier?: App['tier']; open?: boolean; origins?: readonly string[] }): Promise<App>;
  find(app: Uint8Array): Promise<App | null>;
  list(): Promise<App[]>;
  /** The origins that count of all apps together, each once. */
  origins(): Promise<string[]>;
  setUnpaid(app: Uint8Array, unpaid: boolean): Promise<void>;
}
