import {
  type JudgedReceipt,
  judgeReceipt,
  type PinnedOperator,
  type Receipt,
  toHex,
  type Witnesses,
} from '../../protocol/index.ts';

/** What a receipt is wanted of. */
export type ReceiptOf =
  | { readonly batchId: string }
  | {
      readonly eventId: string;
      /** Whose event it is; default: the account's own. 32 bytes. */
      readonly wallet?: Uint8Array;
      /** The batch that it is in, hex, where its id was used in several. */
      readonly inBatch?: string;
    };

/** Where a receipt is asked for. */
export function receiptPath(
  of: ReceiptOf,
  { app, wallet }: { readonly app: Uint8Array; readonly wallet: Uint8Array },
): string {
  if ('batchId' in of) return `/v1/batches/${of.batchId}/receipt`;
  const query = of.inBatch === undefined ? '' : `?batch=${of.inBatch}`;
  return `/v1/wallets/${toHex(of.wallet ?? wallet)}/apps/${toHex(app)}/events/${of.eventId}/receipt${query}`;
}

/** A claim of the receipt does not hold; `judged` says which. */
export class ReceiptRefused extends Error {
  readonly judged: JudgedReceipt;
  constructor(judged: JudgedReceipt) {
    const failed = judged.claims.filter(({ verdict }) => verdict === 'failed');
    super(failed.map(({ claim, detail }) => `${claim}: ${detail}`).join('; '));
    this.name = 'ReceiptRefused';
    this.judged = judged;
  }
}

const POLL_MS = 500;

/**
 * Asks until the settlement that is stated is final.
 * @throws ReceiptRefused when a claim fails, so that nobody waits for what will never hold; `signal.reason` when that is aborted first
 */
export async function settledReceipt(
  ask: () => Promise<Receipt>,
  operator: PinnedOperator,
  signal?: AbortSignal,
): Promise<Receipt> {
  for (;;) {
    const receipt = await ask();
    if (verifiedReceipt(receipt, operator).batch?.settlement.state === 'final') return receipt;
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * Checks a receipt with the operator's key pinned, and with what others say where it was asked for.
 * @throws ReceiptRefused when a claim fails. What nobody could check is no failure: look at `claims`.
 * @example
 * const { claims, batch } = verifiedReceipt(receipt, { network: 'cere-sandbox', key: pinnedKey });
 */
export function verifiedReceipt(receipt: Receipt, operator: PinnedOperator, witnesses: Witnesses = {}): JudgedReceipt {
  const judged = judgeReceipt(receipt, operator, witnesses);
  if (!judged.ok) throw new ReceiptRefused(judged);
  return judged;
}
