import { randomBytes } from 'node:crypto';
import {
  batchId,
  type ClientPart,
  type Event,
  encodeNdjson,
  type Header,
  keyPairFromSeed,
  leafOf,
  rootOf,
  sign,
  signedMessage,
  toHex,
  type UnsignedHeader,
  utf8,
} from '../../protocol/index.ts';

export interface BatchWish {
  readonly count?: number;
  readonly seq?: number;
  readonly issuedAt?: number;
  readonly network?: string;
  readonly client?: ClientPart;
  /** Content of one event's scopes: name → text. */
  readonly scopes?: (index: number) => Record<string, string>;
  /** Replaces events altogether. */
  readonly events?: Event[];
}

/**
 * A wallet with its own app and source that signs batches, for tests. Unlike `signBatch` it refuses nothing: a test may want
 * what no client would send.
 */
export function createTestSigner(app: Uint8Array = new Uint8Array(randomBytes(32))) {
  const keyPair = keyPairFromSeed('ed25519', new Uint8Array(randomBytes(32)));
  const source = toHex(new Uint8Array(randomBytes(16)));
  const wallet = keyPair.publicKey;
  let seq = 0;
  return {
    app,
    wallet,
    keyPair,
    sign(wish: BatchWish = {}) {
      const { count = 3, scopes = smallScopes, issuedAt = 1_760_000_000_000 } = wish;
      const events = wish.events ?? Array.from({ length: count }, (_, i) => testEvent(i, scopes(i)));
      const unsigned: UnsignedHeader = {
        v: 1,
        network: wish.network ?? 'cere-sandbox',
        app: toHex(app),
        wallet: toHex(wallet),
        source,
        seq: wish.seq ?? seq++,
        issuedAt,
        count: events.length,
        signer: 'wallet',
        algorithm: 'ed25519',
        wrap: 'none',
      };
      const root = rootOf(events.map(leafOf));
      const message = signedMessage(unsigned, root);
      const signature = toHex(sign({ algorithm: 'ed25519', wrap: 'none', keyPair, message }));
      const header: Header = { ...unsigned, signature };
      const batch = { header, events, ...(wish.client ? { client: wish.client } : {}) };
      const id = batchId(header, root);
      const ndjson = encodeNdjson(batch);
      const json = utf8(JSON.stringify({ header: batch.header, events: batch.events }));
      return { ...batch, batchId: id, ndjson, json };
    },
  };
}

/** An event whose id says its index, so that order shows. */
export function testEvent(index: number, scopes: Record<string, string>): Event {
  const tail = toHex(new Uint8Array(randomBytes(10)));
  const id = `0199f0e1-${(index & 0xffff).toString(16).padStart(4, '0')}-7${tail.slice(0, 3)}-8${tail.slice(3, 6)}-${tail.slice(6, 18)}`;
  const sealed: Event['scopes'] = {};
  for (const [name, data] of Object.entries(scopes)) {
    sealed[name] = { salt: toHex(new Uint8Array(randomBytes(16))), data };
  }
  const time = new Date(Date.UTC(2026, 0, 1) + index * 1_000).toISOString();
  return { id, type: index % 2 === 0 ? 'purchase' : 'page.viewed', time, session: 'visit-1', scopes: sealed };
}

function smallScopes(index: number): Record<string, string> {
  return {
    purchase: JSON.stringify({ order: index, product: 'CD', quantity: 2, amount: '23.54' }),
    profile: JSON.stringify({ customer: `C${index}`, country: 'DE' }),
  };
}
