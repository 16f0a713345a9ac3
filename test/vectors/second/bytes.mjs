// Bytes, text and hashing, from docs/formats.md ("Notation"). A refusal is a `Refused` with its code; anything else that is thrown is a fault of this code.
import { blake2b } from '@noble/hashes/blake2.js';

export class Refused extends Error {}

export function need(holds, code) {
  if (!holds) throw new Refused(code);
}

/** What a library throws for bad input becomes a refusal; only ever around one call of a library. */
export function attempt(code, call) {
  try {
    return call();
  } catch {
    throw new Refused(code);
  }
}

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const isHex = (value, length) =>
  typeof value === 'string' && value.length === 2 * length && /^[0-9a-f]*$/.test(value);

export function unhex(value, length, code) {
  need(isHex(value, length), code);
  return new Uint8Array(Buffer.from(value, 'hex'));
}

/** Hex of any length, as the inputs of vectors are. */
export function anyHex(value) {
  need(typeof value === 'string' && value.length % 2 === 0, 'hex');
  return unhex(value, value.length / 2, 'hex');
}

export function utf8(text, code = 'utf8') {
  need(typeof text === 'string' && text.isWellFormed(), code);
  return new Uint8Array(Buffer.from(text, 'utf8'));
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
export const textOf = (bytes) => attempt('utf8', () => decoder.decode(bytes));

export const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

/** Node reads base64url leniently: what it read must be written as it came. */
export function unbase64url(text, code = 'base64url') {
  need(typeof text === 'string', code);
  const bytes = new Uint8Array(Buffer.from(text, 'base64url'));
  need(base64url(bytes) === text, code);
  return bytes;
}

export const cat = (...parts) => new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
export const same = (a, b) => Buffer.from(a).equals(Buffer.from(b));

/** An unsigned big-endian integer of `size` bytes. */
export function uint(value, size) {
  need(typeof value === 'bigint' || Number.isSafeInteger(value), 'range');
  const n = BigInt(value);
  need(n >= 0n && n < 1n << BigInt(8 * size), 'range');
  return new Uint8Array(Buffer.from(n.toString(16).padStart(2 * size, '0'), 'hex'));
}
export const toInt = (bytes) => BigInt(`0x0${hex(bytes)}`);
export const lp = (bytes) => cat(uint(bytes.length, 4), bytes);

export const H = (message, key) => blake2b(message, { dkLen: 32, key });
export const H64 = (key, message) => blake2b(message, { dkLen: 64, key });
