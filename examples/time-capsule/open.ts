import { equalBytes, leafOf, ready, verifyDisclosure } from '../../protocol/index.ts';
import { verifiedReceipt } from '../../sdk/js/index.ts';
import type { Capsule } from './accept.ts';

/** What a capsule proves. */
export interface Proved {
  readonly wallet: string;
  /** When the user says that she signed. */
  readonly issuedAt: string;
  /** It was signed before this block was made: whatever the user's clock said. */
  readonly block: number | null;
  /** The text that was accepted; null while the capsule is shut. */
  readonly terms: string | null;
}

type Operator = { readonly network: string; readonly key: Uint8Array };

/** What the shut capsule proves: that this wallet signed something of this type, and what the chain has of it. @throws Error */
export async function shut(receipt: Capsule['receipt'], operator: Operator): Promise<Proved> {
  await ready();
  const { batch } = verifiedReceipt(receipt, operator);
  const header = batch?.batch.signed?.header;
  if (!header || batch.event?.event?.type !== 'TERMS_ACCEPTED') throw new Error('this is no receipt of accepted terms');
  const block = batch.settlement.round?.anchor?.block.number ?? null;
  return { wallet: header.wallet, issuedAt: new Date(header.issuedAt).toISOString(), block, terms: null };
}

/** Opens the capsule in front of somebody: the text belongs to the very event that the receipt is of. @throws Error */
export async function open({ receipt, opening }: Capsule, operator: Operator): Promise<Proved> {
  const proved = await shut(receipt, operator);
  const { opened, leaf, batchId } = verifyDisclosure(opening);
  const { batch } = verifiedReceipt(receipt, operator);
  const event = batch?.event?.event;
  if (!batch || !event || !equalBytes(batch.batch.id, batchId) || !equalBytes(leafOf(event), leaf))
    throw new Error('the opening is of another event than the receipt');
  if (opened.terms === undefined) throw new Error('the opening leaves the terms closed');
  return { ...proved, terms: JSON.parse(opened.terms) as string };
}
