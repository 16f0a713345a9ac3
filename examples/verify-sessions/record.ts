import type { Disclosure, Receipt } from '../../protocol/index.ts';
import { type Account, Ddc } from '../../sdk/js/index.ts';

export interface Recording {
  /** Address of the API, such as `http://127.0.0.1:8080`. */
  readonly url: string;
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
  readonly events: readonly { readonly disclosure: Disclosure }[];
  readonly receipts: readonly Receipt[];
}

const UNTIL_SETTLED_MS = 120_000;
const SESSIONS = { morning: ['LOGIN', 'PAGE_VIEW', 'PURCHASE'], evening: ['LOGIN', 'PAGE_VIEW'] };

/** Alice uses an application in two sessions. Once both are settled on the chain, everything that proves it is taken home. */
export async function record({ url, network, app, alice, key, say }: Recording): Promise<Kept> {
  const ddc = await Ddc.connect({ url, network, app, account: alice, receiptKey: key });
  try {
    for (const [session, types] of Object.entries(SESSIONS)) {
      for (const type of types) ddc.record(type, { visit: { page: '/shop' } }, { session });
      await ddc.flush();
      say(`session ${session}: ${types.length} events, signed by the wallet`);
    }
    const events: { batchId: string; disclosure: Disclosure }[] = [];
    for await (const { batchId, disclosure } of ddc.events()) events.push({ batchId, disclosure });
    const receipts: Receipt[] = [];
    // A receipt says how far the settlement is when it is asked for.
    const waiting = { settled: true, signal: AbortSignal.timeout(UNTIL_SETTLED_MS) };
    for (const batchId of new Set(events.map((event) => event.batchId)))
      receipts.push(await ddc.receipt({ batchId }, waiting));
    say(`${receipts.length} batches are final on the chain; ${events.length} events and their receipts are kept`);
    return { events, receipts };
  } finally {
    await ddc.close();
  }
}
