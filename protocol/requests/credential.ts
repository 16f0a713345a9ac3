import { fromBase64url, fromUtf8, toBase64url, toHex, utf8 } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import type { Signer } from '../header.ts';
import { checkRequestTime, type SignedRequest, type VerifiedRequest, verifyRequest } from './request.ts';

/** A token: who signed it, or to which key it was delegated. */
type Token = VerifiedRequest<'token'>;

/** What whoever sends a bearer may do. Keys in hex. */
export interface Credential {
  /** Of the token that is used: the second one of a chain. Hex. */
  readonly id: string;
  readonly app: string;
  /** `*`: all wallets of the app. */
  readonly wallet: string;
  /** Whose word it is, delegated or not. */
  readonly signer: Signer;
  readonly audience: string;
  readonly operations: readonly string[];
  /** The first moment at which it is over, milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The revocations that end it: a token's id (hex) as disowned by one of the keys (hex) that answer for it. */
  readonly ends: readonly { readonly author: string; readonly token: string }[];
}

/**
 * A token as it travels behind `Authorization: Bearer`: base64url of its JSON, or, delegated, of `{"chain": [first, second]}`.
 * @param chain the token of the identity and, where it names another key, the one that this key signed under it
 */
export function encodeBearer(...chain: readonly [SignedRequest<'token'>, SignedRequest<'token'>?]): string {
  const [first, second] = chain;
  return toBase64url(utf8(JSON.stringify(second ? { chain: [first, second] } : first)));
}

/**
 * Verifies a bearer as of now: its form, every signature and time, and that a delegated token does not go further than the one it stands on.
 * @param expected.network the deployment's own. @param now milliseconds since the epoch
 * @throws ProtocolError `base64url`, `utf8`, `json`; of each token what `verifyRequest` and `checkRequestTime` say; `token_chain`
 */
export function verifyBearer(text: string, expected: { network: string }, now: number): Credential {
  const chain = chainOf(jsonOf(fromUtf8(fromBase64url(text))));
  const first = tokenOf(chain[0], expected.network, undefined, now);
  const author = first.signer === 'app' ? first.app : first.wallet;
  const key = toHex(first.content.key);
  if (chain.length === 1) {
    if (key !== author) throw new ProtocolError('token_chain', 'the key that it names has signed nothing');
    return credential(first, [{ author, token: first.id }]);
  }
  const second = tokenOf(chain[1], expected.network, key, now);
  const wider = widening(first, second);
  if (wider !== null) throw new ProtocolError('token_chain', wider);
  return credential(second, [
    { author, token: first.id },
    { author, token: second.id },
    { author: key, token: second.id },
  ]);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message repeats what it read.
    throw new ProtocolError('json');
  }
}

function chainOf(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null || !('chain' in value)) return [value];
  const { chain, ...rest } = value;
  if (!Array.isArray(chain) || chain.length !== 2 || Object.keys(rest).length > 0)
    throw new ProtocolError('token_chain', 'not two tokens');
  return chain;
}

/** @param key hex, the one that must have signed where it is not the author's own */
function tokenOf(value: unknown, network: string, key: string | undefined, now: number): Token {
  const token = verifyRequest(value, { network, kind: 'token', ...(key === undefined ? {} : { key }) });
  checkRequestTime(token, now);
  return token;
}

/** What the second token claims and the first does not give; null where there is nothing. */
function widening(first: Token, second: Token): string | null {
  const [outer, inner] = [first.content, second.content];
  if (toHex(inner.key) !== toHex(outer.key)) return 'the second token names yet another key';
  if (second.app !== first.app || second.signer !== first.signer) return 'app and signer are those of the first';
  if (outer.wallet !== '*' && second.wallet !== first.wallet) return 'the wallet is that of the first';
  if (inner.audience !== outer.audience) return 'the audience is that of the first';
  if (!inner.operations.every((one) => outer.operations.includes(one))) return 'an operation that the first lacks';
  return inner.expiresAt > outer.expiresAt ? 'it ends later than the first' : null;
}

const credential = ({ id, app, wallet, signer, content }: Token, ends: Credential['ends']): Credential => ({
  id,
  app,
  wallet: content.wallet === '*' ? '*' : wallet,
  signer,
  audience: content.audience,
  operations: content.operations,
  expiresAt: content.expiresAt,
  ends,
});
