import { ready, toHex, verifyDisclosure } from '../../protocol/index.ts';
import { verifiedReceipt } from '../../sdk/js/index.ts';
import type { Kept } from './record.ts';

/** One session, proved. */
export interface ProvedSession {
  readonly session: string;
  readonly events: number;
  /** Blocks of the chain that have its batches. */
  readonly blocks: readonly number[];
  readonly fee: bigint;
}

/**
 * Proves that all events of a wallet's sessions were signed by the user, and that their batches went through consensus: what was settled
 * is what was signed, under a root that a block has. That the block is on the chain is for `ddc verify --chain`.
 * @throws Error naming the first event or receipt that proves nothing
 */
export async function verifySessions(
  kept: Kept,
  operator: { network: string; key: Uint8Array },
): Promise<ProvedSession[]> {
  await ready();
  const batches = new Map(
    kept.receipts.map((receipt) => {
      const { batch } = verifiedReceipt(receipt, operator);
      if (!batch?.batch.signed) throw new Error('a receipt without a signed batch');
      return [toHex(batch.batch.id), batch];
    }),
  );
  const sessions = new Map<string, { events: number; batchIds: Set<string> }>();
  for (const { disclosure } of kept.events) {
    const { header, event, batchId } = verifyDisclosure(disclosure);
    const id = toHex(batchId);
    if (header.signer !== 'wallet')
      throw new Error(`event ${event.id} was attested by the app, not signed by the user`);
    if (!batches.has(id)) throw new Error(`event ${event.id} is in a batch without a receipt`);
    const { events = 0, batchIds = new Set<string>() } = sessions.get(event.session ?? '') ?? {};
    sessions.set(event.session ?? '', { events: events + 1, batchIds: batchIds.add(id) });
  }
  const signed = [...batches.values()].reduce((sum, { batch }) => sum + (batch.signed?.header.count ?? 0), 0);
  if (signed !== kept.events.length) throw new Error(`${signed} events were signed, ${kept.events.length} are kept`);
  return [...sessions].map(([session, { events, batchIds }]) => {
    const rounds = [...batchIds].flatMap((id) => batches.get(id)?.settlement.round ?? []);
    const blocks = rounds.flatMap(({ anchor }) => anchor?.block.number ?? []);
    return { session, events, blocks: [...new Set(blocks)], fee: rounds.reduce((sum, { leaf }) => sum + leaf.fee, 0n) };
  });
}
