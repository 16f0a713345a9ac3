import { randomBytes } from 'node:crypto';
import { type Event, encodeNdjson, signBatch, toHex } from '../protocol/index.ts';
import { type Account, accountFromPhrase, uuidv7 } from '../sdk/js/index.ts';
import type { Shot } from './load.ts';

/** Bytes of one event's NDJSON line, as measured in the field: a page view with a session and one scope. */
export const EVENT_BYTES = 362;

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';

export async function benchAccounts(count: number): Promise<Account[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => accountFromPhrase(`${PHRASE}//bench//${index}`)));
}

/** An event with one scope whose line is exactly EVENT_BYTES long. */
export function benchEvent(now: number, scope = '__default_scope'): Event {
  const event = (filling: string): Event => ({
    id: uuidv7(now, randomBytes(10)),
    type: 'PAGE_VIEW',
    time: new Date(now).toISOString(),
    session: toHex(randomBytes(8)),
    scopes: { [scope]: { salt: toHex(randomBytes(16)), data: JSON.stringify({ page: '/checkout', filling }) } },
  });
  const short = JSON.stringify(event('')).length;
  return event('x'.repeat(EVENT_BYTES - short));
}

/** Signed batches of `size` events, spread over the accounts. */
export function batchShots(options: {
  network: string;
  app: Uint8Array;
  accounts: readonly Account[];
  batches: number;
  size: number;
  scope?: string;
}): Shot[] {
  const sources = options.accounts.map(() => toHex(randomBytes(16)));
  return Array.from({ length: options.batches }, (_, seq) => {
    const index = seq % options.accounts.length;
    const account = options.accounts[index] as Account;
    const now = Date.now();
    const events = Array.from({ length: options.size }, () => benchEvent(now, options.scope));
    const batch = signBatch({
      network: options.network,
      app: toHex(options.app),
      wallet: toHex(account.publicKey),
      source: sources[index] as string,
      seq,
      issuedAt: now,
      signer: 'wallet',
      algorithm: account.algorithm,
      wrap: 'none',
      events,
      keyPair: account,
    });
    return { path: '/v1/batches', contentType: 'application/x-ndjson', body: encodeNdjson(batch) };
  });
}
