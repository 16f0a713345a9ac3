// Signatures, from docs/formats.md ("Signature"): ed25519 written out from its equation, since @noble's own check forgives the cofactor; sr25519 by @scure.
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import * as sr25519 from '@scure/sr25519';
import { attempt, cat, need, same, toInt, utf8 } from './bytes.mjs';

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
const littleEndian = (bytes) => toInt(Uint8Array.from(bytes).reverse());

export const wrapped = (message, wrap) =>
  wrap === 'bytes' ? cat(utf8('<Bytes>'), message, utf8('</Bytes>')) : message;

function verifyEd25519(publicKey, message, signature) {
  const R = signature.slice(0, 32);
  const S = littleEndian(signature.slice(32));
  need(S < ORDER, 'signature');
  // Without zip215 @noble reads canonical encodings only.
  const A = attempt('signature', () => Point.fromBytes(publicKey, false));
  need(!A.isSmallOrder(), 'signature');
  const h = littleEndian(sha512(cat(R, publicKey, message))) % ORDER;
  const found = Point.BASE.multiplyUnsafe(S).subtract(A.multiplyUnsafe(h));
  // R is only compared, so it is canonical where it is equal, and of small order where this point is.
  need(!found.isSmallOrder() && same(found.toBytes(), R), 'signature');
}

/** Refuses what is not a signature of `message` (not yet wrapped) under what is declared. */
export function verify({ algorithm, wrap, publicKey, message, signature }) {
  need(['ed25519', 'sr25519'].includes(algorithm) && ['none', 'bytes'].includes(wrap), 'signature');
  need(publicKey.length === 32 && signature.length === 64 && publicKey.some((byte) => byte !== 0), 'signature');
  const signed = wrapped(message, wrap);
  if (algorithm === 'ed25519') return verifyEd25519(publicKey, signed, signature);
  need((signature[63] & 0x80) !== 0, 'signature');
  need(
    attempt('signature', () => sr25519.verify(signed, signature, publicKey)),
    'signature',
  );
}

export const signEd25519 = (seed, message) => ed25519.sign(message, seed);
export const publicKeyOf = (seed) => ed25519.getPublicKey(seed);
