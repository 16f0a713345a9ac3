import { randomBytes } from 'node:crypto';
import { type KeyPair, signRequest, toBase64url, toHex, utf8, ZERO_KEY } from '../../protocol/index.ts';

const HOUR = 3_600_000;

export interface TokenWish {
  /** sr25519. */
  readonly keyPair: KeyPair;
  readonly app: Uint8Array;
  /** Default: the app signs, for this wallet, or for all. */
  readonly by: 'wallet' | 'app';
  readonly wallet?: Uint8Array | '*';
  readonly operations: readonly string[];
  readonly now?: number;
}

/** Header `Authorization` with a token of one hour, signed by a wallet's or the app's key. */
export function bearer({ keyPair, app, by, operations, now = Date.now(), ...wish }: TokenWish): {
  authorization: string;
} {
  const wallet = wish.wallet ?? (by === 'wallet' ? keyPair.publicKey : '*');
  const outer = wallet === '*' ? ZERO_KEY : toHex(wallet);
  const head = { kind: 'token' as const, network: 'cere-sandbox', app: toHex(app), wallet: outer };
  const how = { id: toHex(randomBytes(16)), issuedAt: now, signer: by, algorithm: 'sr25519', wrap: 'none' } as const;
  const key = keyPair.publicKey;
  const content = { audience: 'cere-sandbox', operations: [...operations], wallet, key, expiresAt: now + HOUR };
  const token = signRequest({ ...head, ...how, content }, keyPair);
  return { authorization: `Bearer ${toBase64url(utf8(JSON.stringify(token)))}` };
}

/** An answer with its JSON. */
export async function call<T = Record<string, unknown>>(
  url: string,
  options: { readonly headers?: Record<string, string>; readonly body?: unknown } = {},
): Promise<{ status: number; headers: Headers; body: T & { code?: string } }> {
  const { headers = {}, body } = options;
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(url, { ...sent, headers: { 'content-type': 'application/json', ...headers } });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as T & { code?: string } };
}
