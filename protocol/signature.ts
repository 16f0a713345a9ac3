import { sr25519KeypairFromSeed, sr25519Sign, sr25519Verify } from '@polkadot/wasm-crypto';
import { concat, utf8 } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import type { Algorithm, Wrap } from './header.ts';
import { KeyPair } from './secret.ts';
import { sodium } from './sodium.ts';

const OPEN = utf8('<Bytes>');
const CLOSE = utf8('</Bytes>');

const wrapped = (wrap: Wrap, message: Uint8Array) => (wrap === 'bytes' ? concat(OPEN, message, CLOSE) : message);
const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

/** A signature with everything that decides how it is checked. */
export interface SignatureClaim {
  /** The only one that is tried. */
  algorithm: Algorithm;
  /** Whether the message was signed within `<Bytes>`. */
  wrap: Wrap;
  /** 32 bytes. */
  publicKey: Uint8Array;
  /** Not wrapped. */
  message: Uint8Array;
  /** 64 bytes. */
  signature: Uint8Array;
}

/**
 * Verifies exactly what is declared: no other algorithm, no other wrap is tried. sr25519: context `substrate`; ed25519: libsodium's rules, which
 * docs/formats.md writes out. Wrong lengths are false, not errors.
 */
export function verifySignature({ algorithm, wrap, publicKey, message, signature }: SignatureClaim): boolean {
  // The all-zero sr25519 key is the identity, under which an all-zero signature holds for every message.
  if (publicKey.length !== 32 || signature.length !== 64 || isZero(publicKey)) return false;
  if (wrap !== 'none' && wrap !== 'bytes') return false;
  if (algorithm === 'ed25519') return sodium.crypto_sign_verify_detached(signature, wrapped(wrap, message), publicKey);
  if (algorithm !== 'sr25519') return false;
  // Without schnorrkel's marker it would be an ed25519 signature or one of an older schnorrkel.
  if (((signature[63] as number) & 0x80) === 0) return false;
  return sr25519Verify(signature, wrapped(wrap, message), publicKey);
}

/**
 * Signs a message; 64 bytes. Secret keys are 64 bytes: libsodium's for ed25519, schnorrkel's for sr25519, whose signatures differ each time.
 * @throws ProtocolError `length` of the key pair.
 */
export function sign(request: {
  algorithm: Algorithm;
  wrap: Wrap;
  keyPair: { publicKey: Uint8Array; secretKey: Uint8Array };
  message: Uint8Array;
}): Uint8Array {
  const { publicKey, secretKey } = request.keyPair;
  if (publicKey.length !== 32 || secretKey.length !== 64) throw new ProtocolError('length', 'key pair');
  const message = wrapped(request.wrap, request.message);
  return request.algorithm === 'ed25519'
    ? sodium.crypto_sign_detached(message, secretKey)
    : sr25519Sign(publicKey, secretKey, message);
}

/**
 * The signing key pair of a 32-byte seed, as Substrate's mini secret.
 * @example toHex(keyPairFromSeed('sr25519', crypto.getRandomValues(new Uint8Array(32))).publicKey) // a wallet
 * @throws ProtocolError `length`.
 */
export function keyPairFromSeed(algorithm: Algorithm, seed: Uint8Array): KeyPair {
  if (seed.length !== 32) throw new ProtocolError('length', 'seed');
  if (algorithm === 'ed25519') {
    const pair = sodium.crypto_sign_seed_keypair(seed);
    return new KeyPair(pair.publicKey, pair.privateKey);
  }
  const pair = sr25519KeypairFromSeed(seed);
  return new KeyPair(pair.slice(64), pair.slice(0, 64));
}
