import { concat, isBytes, lp, utf8 } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { blake2b512 } from './hash.ts';

const RECORD = utf8('cere-ddc:record:v1');

/**
 * BLAKE2b-512(key = scope key, "cere-ddc:record:v1" ‖ nonce ‖ lp(aad)): the key that encrypts one scope of one event, and the commitment to it,
 * 32 bytes each. `seal` and `open` do this by themselves.
 * @param scopeKey 32 bytes. @param nonce 24 bytes. @param aad docs/formats.md, Envelopes. @throws ProtocolError `scope_key`, `nonce`.
 */
export function recordKeys(
  scopeKey: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
): { recordKey: Uint8Array; commitment: Uint8Array } {
  if (!isBytes(scopeKey, 32)) throw new ProtocolError('scope_key');
  if (!isBytes(nonce, 24)) throw new ProtocolError('nonce');
  const hash = blake2b512(concat(RECORD, nonce, lp(aad)), scopeKey);
  return { recordKey: hash.slice(0, 32), commitment: hash.slice(32) };
}
