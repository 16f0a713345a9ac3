/** A token that its author has ended before its time. */
export interface TokenRevocation {
  /** 32-byte public key of whoever answers for the token. */
  readonly author: Uint8Array;
  /** Its id, 16 bytes. */
  readonly token: Uint8Array;
  /** Milliseconds since the epoch; from then on the token is over by itself. */
  readonly until: number;
}

/** The list of revoked tokens. What adds to it is a signed request (`RequestEffects.disown`). */
export interface TokenRevocations {
  /** All that still count at `now`, in no order. */
  live(now: number): Promise<TokenRevocation[]>;
  /** Forgets those that are over at `now`. @returns how many they were */
  prune(now: number): Promise<number>;
}
