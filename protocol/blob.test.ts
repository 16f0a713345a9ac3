import { encode } from '@ipld/dag-cbor';
import { describe, expect, test } from '@jest/globals';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { CID } from 'multiformats/cid';
import {
  BLOB_CHUNK,
  blobChunkCid,
  blobChunkLength,
  blobChunks,
  blobCid,
  blobKey,
  MAX_BLOB,
  openBlobChunk,
  sealBlobChunk,
} from './blob.ts';
import { type BlobTop, decodeBlobTop, encodeBlobTop } from './blob-top.ts';
import { concat, u64, utf8 } from './bytes.ts';
import { ready } from './sodium.ts';

const scopeKey = new Uint8Array(32).fill(7);
const id = new Uint8Array(16).fill(9);
const refusal = (code: string) => expect.objectContaining({ name: 'ProtocolError', code });
const thrown = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return error;
  }
};

await ready();

describe('chunks', () => {
  const chunk = new Uint8Array(BLOB_CHUNK).map((_, i) => i % 251);

  test('a whole chunk is what another library makes of the description', () => {
    const key = blake2b(concat(utf8('cere-ddc:blob:v1'), id), { key: scopeKey, dkLen: 32 });
    expect(blobKey(scopeKey, id)).toEqual(key);
    const nonce = concat(new Uint8Array(16), u64(3));
    const aad = concat(utf8('cere-ddc:blob:v1'), u64(3), Uint8Array.of(0));
    const block = sealBlobChunk({ key, index: 3, last: false }, chunk);
    expect(Buffer.compare(block, xchacha20poly1305(key, nonce, aad).encrypt(chunk))).toBe(0);
    expect(Buffer.compare(openBlobChunk({ key, index: 3, last: false }, block), chunk)).toBe(0);
  });

  test('every other place, another key, and any changed byte are refused', () => {
    const key = blobKey(scopeKey, id);
    const place = { key, index: 1, last: true };
    const block = sealBlobChunk(place, utf8('the end'));
    const flipped = (at: number) => block.map((byte, i) => (i === at ? byte ^ 1 : byte));
    for (const [other, bytes] of [
      [{ ...place, index: 2 }, block],
      [{ ...place, index: 0 }, block],
      [{ ...place, key: blobKey(scopeKey, new Uint8Array(16)) }, block],
      [place, flipped(0)],
      [place, flipped(block.length - 1)],
    ] as const)
      expect(thrown(() => openBlobChunk(other, bytes))).toEqual(refusal('tag'));
    // A whole chunk that was the last, shown as one in the middle: a blob cut short or made longer.
    const whole = sealBlobChunk({ key, index: 0, last: true }, chunk);
    expect(thrown(() => openBlobChunk({ key, index: 0, last: false }, whole))).toEqual(refusal('tag'));
    expect(openBlobChunk(place, block)).toEqual(utf8('the end'));
  });

  test('an empty blob has one chunk, which is only a tag', () => {
    const place = { key: blobKey(scopeKey, id), index: 0, last: true };
    const block = sealBlobChunk(place, new Uint8Array());
    expect(block).toHaveLength(16);
    expect(openBlobChunk(place, block)).toEqual(new Uint8Array());
    expect(
      thrown(() =>
        openBlobChunk(
          place,
          block.map((byte) => byte ^ 1),
        ),
      ),
    ).toEqual(refusal('tag'));
  });

  test.each<[string, () => unknown, string]>([
    [
      'a short chunk in the middle',
      () => sealBlobChunk({ key: scopeKey, index: 0, last: false }, chunk.slice(1)),
      'blob_chunk',
    ],
    [
      'an empty chunk at the end',
      () => sealBlobChunk({ key: scopeKey, index: 1, last: true }, new Uint8Array()),
      'blob_chunk',
    ],
    [
      'a long chunk',
      () => sealBlobChunk({ key: scopeKey, index: 0, last: true }, new Uint8Array(BLOB_CHUNK + 1)),
      'blob_chunk',
    ],
    [
      'a block without a tag',
      () => openBlobChunk({ key: scopeKey, index: 0, last: true }, new Uint8Array(15)),
      'blob_chunk',
    ],
    ['index 64', () => sealBlobChunk({ key: scopeKey, index: 64, last: true }, chunk), 'blob_index'],
    ['a short key', () => sealBlobChunk({ key: id, index: 0, last: true }, chunk), 'blob_key'],
    ['a short id', () => blobKey(scopeKey, id.slice(1)), 'blob_id'],
    ['a short scope key', () => blobKey(id, id), 'scope_key'],
  ])('%s is refused', (_, call, code) => {
    expect(thrown(call)).toEqual(refusal(code));
  });

  test('how many chunks, and how long each', () => {
    expect([0, 1, BLOB_CHUNK, BLOB_CHUNK + 1, MAX_BLOB].map(blobChunks)).toEqual([1, 1, 1, 2, 64]);
    expect([0, 1].map((index) => blobChunkLength(BLOB_CHUNK + 5, index))).toEqual([BLOB_CHUNK, 5]);
    expect(blobChunkLength(0, 0)).toBe(0);
    expect(blobChunkLength(2 * BLOB_CHUNK, 1)).toBe(BLOB_CHUNK);
    for (const size of [-1, 0.5, MAX_BLOB + 1, Number.NaN])
      expect(thrown(() => blobChunks(size))).toEqual(refusal('blob_size'));
    expect(thrown(() => blobChunkLength(5, 1))).toEqual(refusal('blob_index'));
  });
});

describe('the top', () => {
  const chunkCids = (n: number) => Array.from({ length: n }, (_, i) => blobChunkCid(Uint8Array.of(i)));
  const topOf = (size: number, over: Partial<BlobTop> = {}): BlobTop => ({
    ...{ scope: 'photos', epoch: 300, id, size, chunks: chunkCids(blobChunks(size)) },
    ...over,
  });

  test.each([0, 23, 24, 255, 65_535, BLOB_CHUNK + 1, 23 * BLOB_CHUNK, 24 * BLOB_CHUNK, MAX_BLOB])(
    'of %s bytes: the bytes of @ipld/dag-cbor, and back',
    (size) => {
      const top = topOf(size);
      const block = encodeBlobTop(top);
      const links = top.chunks.map((cid) => CID.parse(cid));
      expect(Buffer.compare(block, encode({ v: 1, ...top, chunks: links }))).toBe(0);
      expect(decodeBlobTop(block, blobCid(block))).toEqual(top);
    },
  );

  test.each<[string, unknown]>([
    ['one chunk too few', { chunks: [] }],
    ['one chunk too many', { chunks: chunkCids(2) }],
    ['v 2', { v: 2 }],
    ['a member more', { more: 1 }],
    ['no scope', { scope: undefined }],
    ['a reserved scope', { scope: '__meta' }],
    ['an id of 15 bytes', { id: id.slice(1) }],
    ['65 MiB', { size: 65 * 1024 * 1024 }],
    ['a chunk that is no raw block', { chunks: [blobCid(new Uint8Array(1))] }],
    ['a size of other type', { size: 'x' }],
  ])('%s is refused', (_, over) => {
    const { chunks, ...rest } = { v: 1, ...topOf(5), ...(over as object) };
    const fields = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const block = encode({ ...fields, chunks: chunks.map((cid) => CID.parse(cid)) });
    expect(thrown(() => decodeBlobTop(block, blobCid(block)))).toEqual(refusal('blob_top'));
  });

  test('no byte of it can be changed, and nothing cut off or added', () => {
    const block = encodeBlobTop(topOf(BLOB_CHUNK + 1));
    for (let at = 0; at < block.length; at++) {
      const changed = block.map((byte, i) => (i === at ? byte ^ 0x40 : byte));
      const read = thrown(() => decodeBlobTop(changed, blobCid(changed)));
      // What is read is what is written: a changed digest, id or scope is another top, never the same one.
      if (read instanceof Error) expect(read.name).toBe('ProtocolError');
      else expect(read).not.toEqual(topOf(BLOB_CHUNK + 1));
      expect(thrown(() => decodeBlobTop(changed, blobCid(block)))).toEqual(refusal('cid'));
    }
    for (const other of [block.slice(0, -1), concat(block, Uint8Array.of(0)), new Uint8Array()])
      expect(thrown(() => decodeBlobTop(other, blobCid(other)))).toEqual(refusal('blob_top'));
  });
});
