import { type Disclosure, encryptionKeyPairFromSeed, judgeReceipt, type Receipt } from '../../protocol/index.ts';
import { type Account, DdcClient, Reader } from '../../sdk/js/index.ts';

export interface Acceptance {
  /** Base URL of the API, such as `http://127.0.0.1:8080`. */
  readonly endpoint: string;
  readonly network: string;
  /** 32-byte public key of an app that is open to be written to. */
  readonly app: Uint8Array;
  readonly alice: Account;
  /** The operator's receipt key, pinned. */
  readonly key: Uint8Array;
  /** What she agrees to, word for word. */
  readonly terms: string;
  readonly say: (line: string) => void;
}

/** What is left when everything else is gone. */
export interface Capsule {
  /** Shut: signed by the operator, shows no content, may be given to anybody. */
  readonly receipt: Receipt;
  /** What opens it: the text of the terms under Alice's signature. She keeps it until it is asked for. */
  readonly opening: Disclosure;
}

const SECONDS_UNTIL_SETTLED = 120;

/** Alice accepts terms: one event, its text in a scope of its own, her name in another. @returns the capsule, once the chain has it */
export async function accept({ endpoint, network, app, alice, key, terms, say }: Acceptance): Promise<Capsule> {
  const client = new DdcClient({ endpoint, network, app, maxDelayMs: 50 });
  try {
    const stream = client.stream(alice);
    const batchId = await stream.record({ type: 'TERMS_ACCEPTED', scopes: { terms, person: { name: 'Alice' } } });
    const pair = encryptionKeyPairFromSeed(crypto.getRandomValues(new Uint8Array(32)));
    const reader = new Reader({ endpoint, network, account: alice, pair });
    const page = await reader.page({ app, wallet: alice.publicKey, scope: 'terms' });
    const opened = page.events.find((event) => event.batchId === batchId);
    if (!opened) throw new Error('the event is not among those of the wallet');
    say(`alice accepted the terms in event ${opened.id}`);

    const deadline = Date.now() + SECONDS_UNTIL_SETTLED * 1_000;
    for (;;) {
      const receipt = await client.requests(alice).receipt({ eventId: opened.id });
      const { batch } = judgeReceipt(receipt, { network, key });
      if (batch?.settlement.state === 'final') return { receipt, opening: opened.disclosure };
      if (Date.now() > deadline) throw new Error(`it was not settled within ${SECONDS_UNTIL_SETTLED} s`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  } finally {
    client.close();
  }
}
