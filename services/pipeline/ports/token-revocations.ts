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
  /**
   * Hands over, page by page and in no order, what was added or prolonged since an earlier reading; some of it may have been handed over before.
   * @param mark what the reading before returned; 0: from the beginning
   * @returns where the next reading goes on
   */
  since(mark: number, take: (page: readonly TokenRevocation[]) => void): Promise<number>;
  /** Forgets those that are over at `now`. @returns how many they were */
  prune(now: number): Promise<number>;
}
