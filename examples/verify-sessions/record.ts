import type { Receipt } from '../../protocol/index.ts';
import { judgeReceipt } from '../../protocol/index.ts';
import { type Account, DdcClient, type DisclosedEvent, type WalletRequests } from '../../sdk/js/index.ts';

export interface Recording {
  /** Base URL of the API, such as `http://127.0.0.1:8080`. */
  readonly endpoint: string;
  readonly network: string;
  /** 32-byte public key of an app that is open to be written to. */
  readonly app: Uint8Array;
  readonly alice: Account;
  /** The operator's receipt key, pinned. */
  readonly key: Uint8Array;
  readonly say: (line: string) => void;
}

/** What is kept to be verified later: events with their proofs, and a receipt of each batch. */
export interface Kept {
  readonly events: readonly DisclosedEvent[];
  readonly receipts: readonly Receipt[];
}

const SECONDS_UNTIL_SETTLED = 120;
const SESSIONS = { morning: ['LOGIN', 'PAGE_VIEW', 'PURCHASE'], evening: ['LOGIN', 'PAGE_VIEW'] };

/** Alice uses an application in two sessions. Once both are settled on the chain, everything that proves it is taken home. */
export async function record({ endpoint, network, app, alice, key, say }: Recording): Promise<Kept> {
  const client = new DdcClient({ endpoint, network, app, maxDelayMs: 50 });
  try {
    const stream = client.stream(alice);
    const batchIds = new Set<string>();
    for (const [session, types] of Object.entries(SESSIONS)) {
      const ids = await Promise.all(types.map((type) => stream.record({ type, session, data: { page: '/shop' } })));
      for (const id of ids) batchIds.add(id);
      say(`session ${session}: ${types.length} events, signed by the wallet`);
    }
    const mine = client.requests(alice);
    const receipts: Receipt[] = [];
    for (const batchId of batchIds) receipts.push(await settled(mine, batchId, { network, key }));
    const { events } = await mine.disclosures(alice.publicKey, { limit: 1_000 });
    say(`${receipts.length} batches are final on the chain; ${events.length} events and their receipts are kept`);
    return { events, receipts };
  } finally {
    client.close();
  }
}

/** A receipt says how far the settlement is when it is asked for: ask again until it is final. */
export async function settled(
  requests: WalletRequests,
  batchId: string,
  operator: { readonly network: string; readonly key: Uint8Array },
): Promise<Receipt> {
  const deadline = Date.now() + SECONDS_UNTIL_SETTLED * 1_000;
  for (;;) {
    const receipt = await requests.receipt({ batchId });
    const { batch } = judgeReceipt(receipt, operator);
    if (batch?.settlement.state === 'final') return receipt;
    if (Date.now() > deadline) throw new Error(`batch ${batchId} was not settled within ${SECONDS_UNTIL_SETTLED} s`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
