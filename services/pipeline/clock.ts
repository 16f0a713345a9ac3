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
