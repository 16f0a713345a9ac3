import { KeyPair } from '../../protocol/index.ts';
import { sodium } from '../../protocol/sodium.ts';

/** The X25519 pair of a 32-byte seed: libsodium's `crypto_box_seed_keypair`. */
export function encryptionKeyPair(seed: Uint8Array): KeyPair {
  const pair = sodium.crypto_box_seed_keypair(seed);
  return new KeyPair(pair.publicKey, pair.privateKey);
}
