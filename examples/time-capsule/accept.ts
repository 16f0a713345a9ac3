import type { Disclosure, Receipt } from '../../protocol/index.ts';
import { type Account, Ddc } from '../../sdk/js/index.ts';

export interface Acceptance {
  /** Address of the API, such as `http://127.0.0.1:8080`. */
  readonly url: string;
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

const UNTIL_SETTLED_MS = 120_000;

/** Alice accepts terms: one event, its text in a scope of its own, her name in another. @returns the capsule, once the chain has it */
export async function accept({ url, network, app, alice, key, terms, say }: Acceptance): Promise<Capsule> {
  const ddc = await Ddc.connect({ url, network, app, account: alice, receiptKey: key });
  try {
    const { eventId } = await ddc.record('TERMS_ACCEPTED', { terms, person: { name: 'Alice' } });
    say(`alice accepted the terms in event ${eventId}`);
    let opening: Disclosure | null = null;
    for await (const event of ddc.events({ scopes: ['terms'] })) if (event.id === eventId) opening = event.disclosure;
    if (!opening) throw new Error('the event is not among those of the wallet');
    const receipt = await ddc.receipt({ eventId }, { settled: true, signal: AbortSignal.timeout(UNTIL_SETTLED_MS) });
    return { receipt, opening };
  } finally {
    await ddc.close();
  }
}
