/** Time as an argument, so that tests and the model can hold it still. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Randomness as an argument. */
export interface Random {
  /** In [0, 1). For jitter, never for keys. */
  float(): number;
  /** Cryptographically strong outside tests. */
  bytes(length: number): Uint8Array;
}

/**
 * Whether `ms` have passed between `since` and `now`. A clock that was set back says yes: what is due comes early, where otherwise it
 * would stand still until the clock has caught up.
 */
export const hasPassed = (ms: number, since: number, now: number): boolean => now - since >= ms || now < since;
