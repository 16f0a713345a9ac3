/** What is known of a batch when it is accepted. */
export interface Subjected {
  /** Offset in `received`. */
  readonly origin: number;
  readonly rootVersion: number;
  /** Milliseconds; null while the batch is not opened. */
  readonly issuedAt: number | null;
}

/** An erasure of the batch's (app, wallet). */
export interface Erasure {
  /** First `received` offset that it does not reach; Infinity until the end was read. */
  readonly fence: number;
  /** Root versions up to this one were overwritten. */
  readonly rootVersion: number;
  /** Milliseconds, of the request. */
  readonly issuedAt: number;
}

/** Whether a batch falls under an erasure and becomes `void erased`. */
export function isErased(batch: Subjected, erasures: readonly Erasure[]): boolean {
  return erasures.some(
    ({ fence, rootVersion, issuedAt }) =>
      batch.origin < fence ||
      batch.rootVersion <= rootVersion ||
      (batch.issuedAt !== null && batch.issuedAt <= issuedAt),
  );
}
