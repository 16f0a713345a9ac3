// Wrapped roots and sealed boxes, from docs/formats.md ("Notation", "Keys", "Grants"): libsodium's crypto_box_seal_open from its parts.
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hsalsa, xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { attempt, cat, H, need, toInt, uint, utf8 } from './bytes.mjs';
import { integer } from './json.mjs';

function checkOwner({ kek, app, wallet }) {
  need(kek.length === 32, 'kek');
  need(app.length === 32 && wallet.length === 32, 'key');
}
const rootAad = ({ app, wallet }, version) => cat(utf8('cere-ddc:root:v1'), app, wallet, uint(version, 4));

export function wrapRoot(owner, kekVersion, userRoot, nonce) {
  checkOwner(owner);
  integer(kekVersion, 'kek', 2 ** 32 - 1);
  need(userRoot.length === 32, 'root');
  need(nonce.length === 24, 'nonce');
  const box = xchacha20poly1305(owner.kek, nonce, rootAad(owner, kekVersion)).encrypt(userRoot);
  return cat([1], uint(kekVersion, 4), nonce, box);
}
export function unwrapRoot(owner, wrapped) {
  checkOwner(owner);
  need(wrapped.length === 77, 'length');
  need(wrapped[0] === 1, 'version');
  const kekVersion = Number(toInt(wrapped.slice(1, 5)));
  const cipher = xchacha20poly1305(owner.kek, wrapped.slice(5, 29), rootAad(owner, kekVersion));
  return { userRoot: attempt('tag', () => cipher.decrypt(wrapped.slice(29))), kekVersion };
}

export function pairOf(seed) {
  need(seed.length === 32, 'length');
  const secretKey = sha512(seed).slice(0, 32);
  return { publicKey: x25519.getPublicKey(secretKey), secretKey };
}
export function transitPair(userRoot) {
  need(userRoot.length === 32, 'root');
  return pairOf(H(utf8('cere-ddc:transit:v1'), userRoot));
}

function words(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}
function hsalsa20(key) {
  const out = new Uint32Array(8);
  hsalsa(words(utf8('expand 32-byte k')), words(key), new Uint32Array(4), out);
  const bytes = new DataView(new ArrayBuffer(32));
  for (const [i, word] of out.entries()) bytes.setUint32(4 * i, word, true);
  return new Uint8Array(bytes.buffer);
}

export function openSealed({ publicKey, secretKey }, sealed, code) {
  need(sealed.length >= 48, code);
  const ephemeral = sealed.slice(0, 32);
  const shared = attempt(code, () => x25519.getSharedSecret(secretKey, ephemeral));
  const nonce = blake2b(cat(ephemeral, publicKey), { dkLen: 24 });
  return attempt(code, () => xsalsa20poly1305(hsalsa20(shared), nonce).decrypt(sealed.slice(32)));
}

/** 32 bytes with which X25519 does not give zeros whatever the secret: @noble throws where the result is zero. */
export function checkX25519(key) {
  need(key instanceof Uint8Array && key.length === 32, 'x25519');
  attempt('x25519', () => x25519.getSharedSecret(new Uint8Array(32).fill(9), key));
}
