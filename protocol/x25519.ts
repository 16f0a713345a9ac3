import { isBytes } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { KeyPair } from './secret.ts';
import { sodium } from './sodium.ts';

/** Any scalar shows whether a point is of small order: its multiples by clamped scalars are zero. */
const SCALAR = new Uint8Array(32).fill(9);

/** Whether these are 32 bytes to which something can be sealed: no point of small order. */
export function isX25519Key(value: unknown): value is Uint8Array {
  if (!(value instanceof Uint8Array) || !isBytes(value, 32)) return false;
  try {
    sodium.crypto_scalarmult(SCALAR, value);
    return true;
  } catch {
    // libsodium refuses a shared secret of zeros, which anyone would know.
    return false;
  }
}

/** The encryption key pair of a 32-byte seed: libsodium's `crypto_box_seed_keypair`; 32 bytes each. @throws ProtocolError `length`. */
export function encryptionKeyPairFromSeed(seed: Uint8Array): KeyPair {
  if (!isBytes(seed, 32)) throw new ProtocolError('length', 'seed');
  const pair = sodium.crypto_box_seed_keypair(seed);
  return new KeyPair(pair.publicKey, pair.privateKey);
}
