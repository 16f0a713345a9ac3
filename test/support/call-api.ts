import { randomBytes } from 'node:crypto';
import { encodeBearer, type KeyPair, type SignedRequest, signRequest, toHex, ZERO_KEY } from '../../protocol/index.ts';

const HOUR = 3_600_000;

export interface TokenWish {
  /** sr25519. */
  readonly keyPair: KeyPair;
  readonly app: Uint8Array;
  /** Default: the app signs, for this wallet, or for all. */
  readonly by: 'wallet' | 'app';
  readonly wallet?: Uint8Array | '*';
  readonly operations: readonly string[];
  /** Default: the deployment's. */
  readonly audience?: string;
  /** The key that may use it. Default: the one that signs. */
  readonly key?: Uint8Array;
  /** Signed by a key to which another token delegates. */
  readonly delegated?: boolean;
  readonly id?: string;
  readonly now?: number;
  readonly expiresAt?: number;
}

/** A token of one hour, signed by a wallet's or the app's key. */
export function tokenOf({
  keyPair,
  app,
  by,
  operations,
  now = Date.now(),
  ...wish
}: TokenWish): SignedRequest<'token'> {
  const wallet = wish.wallet ?? (by === 'wallet' ? keyPair.publicKey : '*');
  const outer = wallet === '*' ? ZERO_KEY : toHex(wallet);
  const head = { kind: 'token' as const, network: 'cere-sandbox', app: toHex(app), wallet: outer };
  const id = wish.id ?? toHex(randomBytes(16));
  const how = { id, issuedAt: now, signer: by, algorithm: 'sr25519', wrap: 'none' } as const;
  const { audience = 'cere-sandbox', key = keyPair.publicKey, expiresAt = now + HOUR, delegated = false } = wish;
  const content = { audience, operations: [...operations], wallet, key, expiresAt };
  return signRequest({ ...head, ...how, content }, keyPair, { delegated });
}

/** Header `Authorization` with that token. */
export const bearer = (wish: TokenWish): { authorization: string } => authorization(tokenOf(wish));

/** Header `Authorization` with a token, or with one and the one that was signed under it. */
export const authorization = (...chain: Parameters<typeof encodeBearer>): { authorization: string } => ({
  authorization: `Bearer ${encodeBearer(...chain)}`,
});

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
