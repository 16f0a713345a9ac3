import type { VoidReason } from '../../../schemas/encrypted.ts';

/** What the encryptor knows of a record when it accepts it. */
export interface Candidate {
  readonly batchId: Uint8Array;
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  readonly rootVersion: number;
  /** Offset in `received`. */
  readonly origin: number;
  /** From the header, once opened; null when the body cannot be opened. */
  readonly issuedAt: number | null;
  /** Offset of the dead original that this record takes over (`retryOf` header), if any. */
  readonly retryOf: number | null;
}

/** `batch_ids` and `removals`: which records the encryptor lets in. */
export interface Admission {
  /**
   * In one transaction, for each candidate in order: insert its batch id if absent (taking over `retryOf`), and check removals.
   * @returns null to let it in, or why it becomes a void. Idempotent: the same candidate at the same origin gets the same answer.
   */
  admit(partition: number, candidates: readonly Candidate[]): Promise<(VoidReason | null)[]>;
  /** Where batch ids were first accepted; null where unknown. */
  origins(batchIds: readonly Uint8Array[]): Promise<({ partition: number; origin: number } | null)[]>;
}
