import { ProtocolError } from './errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Value of each ASCII character, 255 where it is none of the alphabet. */
function valuesOf(alphabet: string): Uint8Array {
  const values = new Uint8Array(128).fill(255);
  for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;
  return values;
}
const HEX_VALUES = valuesOf('0123456789abcdef');
const BASE64_VALUES = valuesOf(ALPHABET);

const valueAt = (values: Uint8Array, text: string, i: number) => values[text.charCodeAt(i)] ?? 255;

/** Lower-case hex without 0x.
 * @example toHex(Uint8Array.of(10, 255)) // '0aff'
 */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i] as number];
  return text;
}

/** Writes the bytes of `text` to `out` at `at`. @returns false when `text` is not lower-case hex of `length` bytes. */
export function readHex(text: string, out: Uint8Array, at: number, length: number): boolean {
  if (text.length !== length * 2) return false;
  for (let i = 0; i < length; i++) {
    const high = valueAt(HEX_VALUES, text, 2 * i);
    const low = valueAt(HEX_VALUES, text, 2 * i + 1);
    if (high > 15 || low > 15) return false;
    out[at + i] = (high << 4) | low;
  }
  return true;
}

/** The bytes of hex. @throws ProtocolError `hex` unless `text` is lower-case hex (of `length` bytes, if given). */
export function fromHex(text: string, length = text.length / 2): Uint8Array {
  if (!Number.isInteger(length)) throw new ProtocolError('hex');
  const bytes = new Uint8Array(length);
  if (!readHex(text, bytes, 0, length)) throw new ProtocolError('hex');
  return bytes;
}

/** Whether a JSON value is lower-case hex of `length` bytes. */
export function isHex(value: unknown, length: number): value is string {
  if (typeof value !== 'string' || value.length !== length * 2) return false;
  for (let i = 0; i < value.length; i++) if (valueAt(HEX_VALUES, value, i) > 15) return false;
  return true;
}

/** base64url without padding (RFC 4648 §5).
 * @example toBase64url(Uint8Array.of(255, 254)) // '__4'
 */
export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const n = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    text += (ALPHABET[n >> 18] as string) + ALPHABET[(n >> 12) & 63] + ALPHABET[(n >> 6) & 63] + ALPHABET[n & 63];
  }
  const rest = bytes.length - i;
  if (rest > 0) {
    const n = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8);
    text += (ALPHABET[n >> 18] as string) + ALPHABET[(n >> 12) & 63] + (rest === 2 ? ALPHABET[(n >> 6) & 63] : '');
  }
  return text;
}

/** The bytes of base64url. @throws ProtocolError `base64url`: padding, other characters, or set bits that belong to no byte. */
export function fromBase64url(text: string): Uint8Array {
  const rest = text.length % 4;
  if (rest === 1) throw new ProtocolError('base64url');
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let at = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    const value = valueAt(BASE64_VALUES, text, i);
    if (value > 63) throw new ProtocolError('base64url');
    held = ((held << 6) | value) & 0xfff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 255;
    }
  }
  if ((held & ((1 << bits) - 1)) !== 0) throw new ProtocolError('base64url');
  return bytes;
}

/** Whether text has a UTF-8 form: no lone surrogates. */
export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/** The UTF-8 of text, as it is: not normalised. @throws ProtocolError `utf8` on lone surrogates, which encoders would silently replace. */
export function utf8(text: string): Uint8Array {
  if (!isWellFormed(text)) throw new ProtocolError('utf8');
  return encoder.encode(text);
}

/** The text of UTF-8 bytes; a leading U+FEFF is a character of it. @throws ProtocolError `utf8` on invalid bytes. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    // The decoder's own error says nothing more.
    throw new ProtocolError('utf8');
  }
}

/** All the bytes one after the other, in an array of their own. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Length as u32, then the bytes: how every field of varying length is written before it is hashed or signed. @throws ProtocolError `range` from 2^32 bytes on. */
export function lp(bytes: Uint8Array): Uint8Array {
  return concat(u32(bytes.length), bytes);
}

function bigEndian(n: number | bigint, bytes: number): Uint8Array {
  if (typeof n === 'number' && !Number.isSafeInteger(n)) throw new ProtocolError('range');
  let rest = BigInt(n);
  if (rest < 0n || rest >> BigInt(8 * bytes) !== 0n) throw new ProtocolError('range');
  const out = new Uint8Array(bytes);
  for (let i = bytes - 1; i >= 0; i--) {
    out[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return out;
}

/** 2 bytes, big-endian, like all integers here. @throws ProtocolError `range` unless it is an integer from 0 to 2^16-1. */
export const u16 = (n: number): Uint8Array => bigEndian(n, 2);
/** 4 bytes, big-endian. @throws ProtocolError `range` unless it is an integer from 0 to 2^32-1. */
export const u32 = (n: number): Uint8Array => bigEndian(n, 4);
/** 8 bytes, big-endian. @throws ProtocolError `range` unless it is an integer from 0 to 2^53-1, or as a bigint to 2^64-1. */
export const u64 = (n: number | bigint): Uint8Array => bigEndian(n, 8);
/** 16 bytes, big-endian. @throws ProtocolError `range` unless it is from 0 to 2^128-1. */
export const u128 = (n: bigint): Uint8Array => bigEndian(n, 16);

/** Reads a big-endian integer. */
export function readUint(bytes: Uint8Array): bigint {
  let n = 0n;
  for (const byte of bytes) n = (n << 8n) | BigInt(byte);
  return n;
}

/** Whether both hold the same bytes; among arrays of one length it takes the same time whatever they hold. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Bytes of exactly `length`. */
export const isBytes = (value: unknown, length: number): value is Uint8Array =>
  ArrayBuffer.isView(value) && value.byteLength === length;
