import { concat } from './bytes.ts';
import { blake2b256 } from './hash.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** @returns the bytes of unpadded lower-case base32, or null. */
function fromBase32(text: string): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let at = 0;
  let bits = 0;
  let held = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return null;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 255;
    }
  }
  // A whole unused character, or a set bit that belongs to no byte, would be a second spelling.
  return bits < 5 && (held & ((1 << bits) - 1)) === 0 ? bytes : null;
}

/** Unpadded lower-case base32. */
function toBase32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(held >> (bits - 5)) & 31];
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text;
}

/** CIDv1, DAG-CBOR, BLAKE2b-256: what stands before the digest in the address of every block of segments. */
const SEGMENT_PREFIX = Uint8Array.of(0x01, 0x71, 0xa0, 0xe4, 0x02, 0x20);

/** The same for raw bytes: every chunk of a blob. */
const RAW_PREFIX = Uint8Array.of(0x01, 0x55, 0xa0, 0xe4, 0x02, 0x20);
const HASH_LENGTH = 32;

/** The address of a block of segments, or of the top of a blob, in base32. */
export const blockCid = (block: Uint8Array): string => `b${toBase32(concat(SEGMENT_PREFIX, blake2b256(block)))}`;

/** The address of a block of raw bytes, in base32. */
export const rawCid = (block: Uint8Array): string => `b${toBase32(concat(RAW_PREFIX, blake2b256(block)))}`;

/** The 38 bytes of an address that `rawCid` made, or null for any other text. */
export function rawCidBytes(cid: string): Uint8Array | null {
  const bytes = cid[0] === 'b' ? fromBase32(cid.slice(1)) : null;
  if (bytes === null || bytes.length !== RAW_PREFIX.length + HASH_LENGTH) return null;
  return RAW_PREFIX.every((byte, i) => bytes[i] === byte) ? bytes : null;
}

/** The text of a CID's bytes. */
export const cidText = (bytes: Uint8Array): string => `b${toBase32(bytes)}`;

/** Reads a minimal unsigned varint. @returns [value, next offset], or null. */
function varint(bytes: Uint8Array, at: number): [number, number] | null {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return null;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return byte === 0 && i > 0 ? null : [value, at + i + 1];
  }
  return null;
}

/** Whether `text` can be the `blob` of an event: at most 128 characters, a CIDv1 in lower-case base32 (multibase `b`), with a digest of 1 to 64 bytes of the length it declares. */
export function isCidV1(text: string): boolean {
  if (text.length > 128 || text[0] !== 'b') return false;
  const bytes = fromBase32(text.slice(1));
  if (bytes === null) return false;
  const version = varint(bytes, 0);
  const codec = version?.[0] === 1 ? varint(bytes, version[1]) : null;
  const hash = codec && varint(bytes, codec[1]);
  const size = hash && varint(bytes, hash[1]);
  return size !== null && size[0] >= 1 && size[0] <= 64 && bytes.length === size[1] + size[0];
}

/** The base32 of a CID's bytes. @returns null unless it is one of a block of segments */
export function segmentCid(bytes: Uint8Array): string | null {
  const isSegment = bytes.length === SEGMENT_PREFIX.length + 32 && SEGMENT_PREFIX.every((byte, i) => bytes[i] === byte);
  return isSegment ? `b${toBase32(bytes)}` : null;
}
