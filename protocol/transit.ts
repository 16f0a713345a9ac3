import { isBytes, utf8 } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { blake2b256 } from './hash.ts';
import { checkUserRoot } from './keys.ts';
import { KeyPair } from './secret.ts';
import { sodium } from './sodium.ts';
import { still } from './still.ts';

const TRANSIT = utf8('cere-ddc:transit:v1');

/** The X25519 pair to which bodies of (app, wallet) are sealed while they are in the log: `crypto_box_seed_keypair` of a hash of the user root; 32 bytes each. @throws ProtocolError `root`. */
export function transitKeyPair(userRoot: Uint8Array): KeyPair {
  checkUserRoot(userRoot);
  const seed = blake2b256(TRANSIT, userRoot);
  const pair = sodium.crypto_box_seed_keypair(seed);
  seed.fill(0);
  return new KeyPair(pair.publicKey, still(pair.privateKey));
}

/** libsodium's `crypto_box_seal`: 48 bytes longer than `bytes`, under a fresh ephemeral key. @throws ProtocolError `length` of the key, which is 32 bytes. */
export function sealTransit(publicKey: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (!isBytes(publicKey, 32)) throw new ProtocolError('length', 'transit key');
  return sodium.crypto_box_seal(bytes, publicKey);
}

/** The bytes that were sealed. @throws ProtocolError `length` of the keys, `transit` when the bytes were sealed to another key, or changed. */
export function openTransit(keyPair: { publicKey: Uint8Array; secretKey: Uint8Array }, sealed: Uint8Array): Uint8Array {
  if (!isBytes(keyPair.publicKey, 32) || !isBytes(keyPair.secretKey, 32))
    throw new ProtocolError('length', 'transit key');
  try {
    return sodium.crypto_box_seal_open(sealed, keyPair.publicKey, keyPair.secretKey);
  } catch {
    // libsodium says no more than that it failed.
    throw new ProtocolError('transit');
  }
}
