/** What the API shows of a batch's settlement. */
export interface SettlementStatus {
  /**
   * One answer per batch id, in order: `final` when the charge is finalized, `unpaid` while its round cannot be charged,
   * `pending` while it waits, null when there is no leaf (a void, or not settled yet).
   */
  isFinal(batchIds: readonly Uint8Array[]): Promise<('pending' | 'final' | 'unpaid' | null)[]>;
}
