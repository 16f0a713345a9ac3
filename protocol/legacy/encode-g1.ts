import { concat, fromUtf8, toHex, utf8 } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { DEFAULT_SCOPE } from '../scope-name.ts';
import { sodium } from '../sodium.ts';
import { splitScopes } from '../split-scopes.ts';
import { shownPlace } from './ciphertext.ts';
import { RULES } from './generation.ts';
import { isFields, jsonOf, roundedNumbers } from './json.ts';
import { masterBytes } from './master.ts';

const NONCE_BYTES = 24;

/** What is to be encrypted as the first generation did. */
export interface G1Request {
  /** JSON text of an object, or anything else, which goes to `__default_scope` whole. */
  readonly data: string | Uint8Array;
  /** Text is its UTF-8, as in the library; give 32 bytes for the viewer's hex master. */
  readonly master: string | Uint8Array;
  /** Scope → top-level fields; a field may be in several. What no scope lists goes to `__default_scope`. */
  readonly scopes?: Readonly<Record<string, string[]>>;
  /** 24 random bytes, asked for once per scope. */
  readonly nonce: () => Uint8Array;
}

/** Plaintext of each scope. */
function piecesOf(data: string | Uint8Array, scopes: Readonly<Record<string, string[]>>): [string, Uint8Array][] {
  const bytes = typeof data === 'string' ? utf8(data) : data;
  let text: string | undefined;
  try {
    text = fromUtf8(bytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  const value = text === undefined ? undefined : jsonOf(text);
  // A list or a single value has no fields to divide; the first library lost them.
  if (!isFields(value)) return [[DEFAULT_SCOPE, bytes]];
  const divided = Object.entries(splitScopes(value, scopes));
  // All in one scope: its very text, which parsing might change.
  if (divided.length === 1 && Object.keys(divided[0]?.[1] ?? {}).length === Object.keys(value).length)
    return divided.map(([scope]) => [scope, bytes]);
  const rounded = roundedNumbers(value);
  if (rounded.length > 0) throw new ProtocolError('range', shownPlace(rounded[0] as string));
  return divided.map(([scope, fields]) => [scope, utf8(JSON.stringify(fields))]);
}

/**
 * Encrypts as the first generation did, for a reader that knows no other. Later generations cannot be written: two of them never change
 * their nonce. For anything new use envelopes (`seal`).
 * @example encodeG1({ data: '{"city":"Bern"}', master: 'super-secret', scopes: { geo: ['city'] }, nonce: () => crypto.getRandomValues(new Uint8Array(24)) })
 * @returns the document `{"<scope>": "<hex>"}`
 * @throws ProtocolError `legacy_master`, `range` (a whole number beyond 2^53-1 in fields that are divided), `scope`, `proto`, `nonce` (wrong length, all zero, or the same twice), `utf8`
 */
export function encodeG1(request: G1Request): Record<string, string> {
  const master = masterBytes(request.master);
  const used = new Set<string>();
  const document: Record<string, string> = {};
  for (const [scope, plaintext] of piecesOf(request.data, request.scopes ?? {})) {
    const nonce = request.nonce();
    if (nonce.length !== NONCE_BYTES) throw new ProtocolError('nonce');
    if (nonce.every((byte) => byte === 0) || used.has(toHex(nonce))) throw new ProtocolError('nonce', 'not random');
    used.add(toHex(nonce));
    const key = RULES.G1.key(master, scope);
    const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, null, null, nonce, key);
    sodium.memzero(key);
    document[scope] = toHex(concat(nonce, sealed));
  }
  return document;
}
