import { isBytes } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { sodium } from './sodium.ts';
import { isX25519Key } from './x25519.ts';

/** Length of a sealed scope key: ephemeral key ‖ tag ‖ encrypted scope key. */
export const SEALED_KEY_BYTES = 32 + 16 + 32;

/**
 * Seals a scope key to a certified X25519 key: libsodium's `crypto_box_seal`, 80 bytes. It says nothing of scope and epoch: those are proved by
 * the envelopes that it opens.
 * @param recipient 32 bytes, from a verified certificate. @param scopeKey 32 bytes.
 * @throws ProtocolError `scope_key`, `x25519`.
 */
export function sealScopeKey(recipient: Uint8Array, scopeKey: Uint8Array): Uint8Array {
  if (!isBytes(scopeKey, 32)) throw new ProtocolError('scope_key');
  if (!isX25519Key(recipient)) throw new ProtocolError('x25519');
  return sodium.crypto_box_seal(scopeKey, recipient);
}

/** The scope key, 32 bytes. @throws ProtocolError `sealed_key` when it was sealed to another key, or changed. */
export function openScopeKey(
  keyPair: { publicKey: Uint8Array; secretKey: Uint8Array },
  sealed: Uint8Array,
): Uint8Array {
  if (!isBytes(keyPair.publicKey, 32) || !isBytes(keyPair.secretKey, 32)) throw new ProtocolError('length', 'key pair');
  if (!isBytes(sealed, SEALED_KEY_BYTES)) throw new ProtocolError('sealed_key');
  try {
    return sodium.crypto_box_seal_open(sealed, keyPair.publicKey, keyPair.secretKey);
  } catch {
    // libsodium says no more than that it failed.
    throw new ProtocolError('sealed_key');
  }
}
