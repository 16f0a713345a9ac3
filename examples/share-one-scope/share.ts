import { encryptionKeyPairFromSeed, toHex } from '../../protocol/index.ts';
import { type Account, DdcClient, type ReadEvent, Reader } from '../../sdk/js/index.ts';

export interface Sharing {
  /** Base URL of the API, such as `http://127.0.0.1:8080`. */
  readonly endpoint: string;
  readonly network: string;
  /** 32-byte public key of an app that is open to be written to. */
  readonly app: Uint8Array;
  /** Who records, and who is let in. */
  readonly alice: Account;
  readonly bob: Account;
  readonly say: (line: string) => void;
}

const HOUR = 3_600_000;
const SECONDS_UNTIL_INDEXED = 60;

/** Alice records two purchases and lets Bob see what she bought, not who she is. @returns what Bob can prove of it */
export async function shareOneScope({ endpoint, network, app, alice, bob, say }: Sharing): Promise<ReadEvent[]> {
  const client = new DdcClient({ endpoint, network, app, maxDelayMs: 50 });
  try {
    // Fields are split into scopes, each encrypted under a key of its own; one signature covers them all.
    const stream = client.stream(alice, { purchase: ['title', 'dollars'], profile: ['name'] });
    const titles = ['Blue Train', 'Giant Steps'];
    const recorded = titles.map((title) =>
      stream.record({ type: 'PURCHASE', data: { title, dollars: '29.33', name: 'Alice' } }),
    );
    await Promise.all(recorded);
    say(`alice recorded ${titles.length} purchases, signed by ${toHex(alice.publicKey).slice(0, 8)}…`);

    // Bob's signing key cannot open anything: he registers a key to which others seal theirs.
    const pair = encryptionKeyPairFromSeed(crypto.getRandomValues(new Uint8Array(32)));
    await client.requests(bob).certify(pair.publicKey, Date.now() + HOUR);
    const grant = { scope: 'purchase', fromEpoch: 0, recipient: pair.publicKey, expiresAt: Date.now() + HOUR };
    await client.requests(alice).grant(grant);
    say('alice granted the scope purchase to bob, for an hour');

    const reader = new Reader({ endpoint, network, account: bob, pair });
    const events = await untilIndexed(reader, { app, wallet: alice.publicKey }, titles.length);
    for (const { type, scopes } of events) say(`bob opened ${type}: ${JSON.stringify(scopes)}`);
    return events;
  } finally {
    client.close();
  }
}

/** A recorded event is safe at once, and found by readers a moment later: a reader comes again where its last page ended. */
async function untilIndexed(
  reader: Reader,
  of: { readonly app: Uint8Array; readonly wallet: Uint8Array },
  count: number,
): Promise<ReadEvent[]> {
  const deadline = Date.now() + SECONDS_UNTIL_INDEXED * 1_000;
  const events: ReadEvent[] = [];
  for (let after: string | null = null; events.length < count; ) {
    const page = await reader.page({ ...of, scope: 'purchase', after });
    events.push(...page.events);
    after = page.next;
    if (Date.now() > deadline) throw new Error(`only ${events.length} events within ${SECONDS_UNTIL_INDEXED} s`);
    if (page.events.length === 0) await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return events;
}
