// Blobs, from docs/formats.md ("Blobs").
import { encode } from '@ipld/dag-cbor';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { attempt, cat, H, hex, need, same, uint, utf8 } from './bytes.mjs';

const MIB = 2 ** 20;
const NAME = utf8('cere-ddc:blob:v1');
const isInteger = (n, most) => Number.isInteger(n) && n >= 0 && n <= most && !Object.is(n, -0);

export function blobKey(scopeKey, id) {
  need(scopeKey.length === 32, 'scope_key');
  need(id.length === 16, 'blob_id');
  return H(cat(NAME, id), scopeKey);
}

function chunkCipher({ key, index, last }, length) {
  need(last ? length >= (index === 0 ? 0 : 1) && length <= MIB : length === MIB, 'blob_chunk');
  need(key.length === 32, 'blob_key');
  need(isInteger(index, 63), 'blob_index');
  return xchacha20poly1305(key, cat(new Uint8Array(16), uint(index, 8)), cat(NAME, uint(index, 8), [last ? 1 : 0]));
}
export const sealChunk = (place, chunk) => chunkCipher(place, chunk.length).encrypt(chunk);
export function openChunk(place, block) {
  const cipher = chunkCipher(place, block.length - 16);
  return attempt('tag', () => cipher.decrypt(block));
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
function base32(bytes) {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.replace(/.{1,5}/g, (five) => ALPHABET[Number.parseInt(five.padEnd(5, '0'), 2)]);
}
function unbase32(text) {
  const bits = [...text].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Uint8Array.from({ length: Math.floor(bits.length / 8) }, (_, i) =>
    Number.parseInt(bits.slice(8 * i, 8 * i + 8), 2),
  );
}
const cidOf = (codec, block) => `b${base32(cat([1, codec, 0xa0, 0xe4, 0x02, 32], H(block)))}`;
export const rawCid = (block) => cidOf(0x55, block);
export const topCid = (block) => cidOf(0x71, block);

function linkTo(text) {
  const bytes = unbase32(text.slice(1));
  need(text === `b${base32(bytes)}` && bytes.length === 38, 'blob_top');
  need(hex(bytes).startsWith('0155a0e40220'), 'blob_top');
  const link = { '/': bytes, bytes, code: 0x55, version: 1, multihash: { bytes: bytes.slice(2) } };
  link.asCID = link;
  return link;
}

export function encodeTop({ scope, epoch, id, size, chunks }) {
  need(
    typeof scope === 'string' &&
      /^[A-Za-z0-9_.-]{1,64}$/.test(scope) &&
      (scope === '__default_scope' || !scope.startsWith('__')),
    'scope',
  );
  need(isInteger(epoch, 2 ** 32 - 1), 'epoch');
  need(id.length === 16, 'blob_id');
  need(isInteger(size, 64 * MIB), 'blob_size');
  need(chunks.length === Math.max(1, Math.ceil(size / MIB)), 'blob_top');
  return encode({ v: 1, scope, epoch, id, size, chunks: chunks.map(linkTo) });
}

/** Finds each member by what stands before it, and compares what the library makes of them with what came. */
export function decodeTop(block, cid) {
  need(topCid(block) === cid, 'cid');
  return attempt('blob_top', () => {
    const bytes = Buffer.from(block);
    const after = (name, from) => bytes.indexOf(cat([0x60 | name.length], utf8(name)), from) + name.length + 1;
    const number = (at) => {
      const short = bytes[at] & 31;
      return short < 24 ? short : Number(BigInt(`0x${hex(bytes.subarray(at + 1, at + 1 + 2 ** (short - 24)))}`));
    };
    const idAt = after('id', 0);
    const sizeAt = after('size', idAt + 17);
    const epochAt = after('epoch', sizeAt);
    const scopeAt = after('scope', epochAt);
    const scopeHead = bytes[scopeAt] === 0x78 ? 2 : 1;
    const scopeLength = scopeHead === 2 ? bytes[scopeAt + 1] : bytes[scopeAt] & 31;
    const scopeEnd = scopeAt + scopeHead + scopeLength;
    const count = (bytes.length - after('chunks', scopeEnd) - 1) / 43;
    const top = {
      id: new Uint8Array(bytes.subarray(idAt + 1, idAt + 17)),
      size: number(sizeAt),
      epoch: number(epochAt),
      scope: bytes.toString('latin1', scopeAt + scopeHead, scopeEnd),
      chunks: Array.from(
        { length: Math.floor(count) },
        (_, i, end = bytes.length - 43 * (Math.floor(count) - i - 1)) => `b${base32(bytes.subarray(end - 38, end))}`,
      ),
    };
    need(same(encodeTop(top), block), 'blob_top');
    return top;
  });
}
