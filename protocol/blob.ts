import { concat, isBytes, u64, utf8 } from './bytes.ts';
import { blockCid, rawCid } from './cid.ts';
import { ProtocolError } from './errors.ts';
import { blake2b256 } from './hash.ts';
import { reserve, sodiumWasm } from './sodium.ts';

const BLOB = utf8('cere-ddc:blob:v1');

/** Bytes of plaintext in every chunk of a blob but the last, 2^20. Its block is 16 bytes longer. */
export const BLOB_CHUNK = 1024 * 1024;
/** Bytes of a blob at most, 2^26. */
export const MAX_BLOB = 64 * 1024 * 1024;
/** How much longer the block of a chunk is than its plaintext: the tag. */
export const BLOB_OVERHEAD = 16;

/** Scratch layout: key, nonce, additional data, then the chunk. */
const KEY = 0;
const NONCE = 32;
const AAD = 64;
const AAD_LENGTH = BLOB.length + 9;
const BODY = 128;

/** How many chunks a blob of `size` bytes has: at least one, so that an empty blob has a tag, too. @throws ProtocolError `blob_size`. */
export function blobChunks(size: number): number {
  if (!Number.isInteger(size) || size < 0 || size > MAX_BLOB || Object.is(size, -0))
    throw new ProtocolError('blob_size');
  return Math.max(1, Math.ceil(size / BLOB_CHUNK));
}

/** Bytes of plaintext in chunk `index` of a blob of `size` bytes. @throws ProtocolError `blob_size`, `blob_index`. */
export function blobChunkLength(size: number, index: number): number {
  const count = blobChunks(size);
  if (!Number.isInteger(index) || index < 0 || index >= count || Object.is(index, -0))
    throw new ProtocolError('blob_index');
  return index === count - 1 ? size - index * BLOB_CHUNK : BLOB_CHUNK;
}

/**
 * The key of one blob: BLAKE2b-256(key = scope key, "cere-ddc:blob:v1" ‖ id).
 * @param scopeKey 32 secret bytes, of the blob's scope and epoch. @param id 16 random bytes, for no other content ever.
 * @returns 32 secret bytes. @throws ProtocolError `scope_key`, `blob_id`.
 */
export function blobKey(scopeKey: Uint8Array, id: Uint8Array): Uint8Array {
  if (!isBytes(scopeKey, 32)) throw new ProtocolError('scope_key');
  if (!isBytes(id, 16)) throw new ProtocolError('blob_id');
  return blake2b256(concat(BLOB, id), scopeKey);
}

/** Where a chunk stands in its blob. */
export interface BlobPlace {
  /** 32 bytes, of `blobKey`. */
  readonly key: Uint8Array;
  /** From 0. */
  readonly index: number;
  /** No chunk comes after it. */
  readonly last: boolean;
}

/** Writes key, nonce and additional data. @returns where the chunk goes. */
function prepare({ key, index, last }: BlobPlace, length: number): number {
  if (!isBytes(key, 32)) throw new ProtocolError('blob_key');
  if (!Number.isInteger(index) || index < 0 || index >= MAX_BLOB / BLOB_CHUNK || Object.is(index, -0))
    throw new ProtocolError('blob_index');
  const area = reserve(BODY + length);
  const heap = sodiumWasm().HEAPU8;
  const at = u64(index);
  heap.set(key, area + KEY);
  heap.fill(0, area + NONCE, area + NONCE + 16);
  heap.set(at, area + NONCE + 16);
  heap.set(BLOB, area + AAD);
  heap.set(at, area + AAD + BLOB.length);
  heap[area + AAD + BLOB.length + 8] = last ? 1 : 0;
  return area;
}

/**
 * Encrypts one chunk: XChaCha20-Poly1305-IETF, nonce = 16 zero bytes ‖ u64 index, aad = "cere-ddc:blob:v1" ‖ u64 index ‖ u8 last.
 * @param place.key never used for another blob. @param chunk exactly 2^20 bytes, fewer only in the last one.
 * @returns the block, 16 bytes longer. @throws ProtocolError `blob_key`, `blob_index`, `blob_chunk`.
 * @example
 * const key = blobKey(scopeKey, id);
 * openBlobChunk({ key, index: 0, last: true }, sealBlobChunk({ key, index: 0, last: true }, utf8('hello')))
 */
export function sealBlobChunk(place: BlobPlace, chunk: Uint8Array): Uint8Array {
  checkLength(place, chunk.length);
  const area = prepare(place, chunk.length + BLOB_OVERHEAD);
  const wasm = sodiumWasm();
  const heap = wasm.HEAPU8;
  const body = area + BODY;
  heap.set(chunk, body);
  wasm._crypto_aead_xchacha20poly1305_ietf_encrypt(
    body,
    0,
    body,
    chunk.length,
    0,
    area + AAD,
    AAD_LENGTH,
    0,
    0,
    area + NONCE,
    area + KEY,
  );
  heap.fill(0, area + KEY, area + NONCE);
  return heap.slice(body, body + chunk.length + BLOB_OVERHEAD);
}

/** Opens what `sealBlobChunk` made. @throws ProtocolError `blob_key`, `blob_index`, `blob_chunk`, `tag`. */
export function openBlobChunk(place: BlobPlace, block: Uint8Array): Uint8Array {
  checkLength(place, block.length - BLOB_OVERHEAD);
  const area = prepare(place, block.length);
  const wasm = sodiumWasm();
  const heap = wasm.HEAPU8;
  const body = area + BODY;
  heap.set(block, body);
  const failed = wasm._crypto_aead_xchacha20poly1305_ietf_decrypt(
    body,
    0,
    0,
    body,
    block.length,
    0,
    area + AAD,
    AAD_LENGTH,
    0,
    area + NONCE,
    area + KEY,
  );
  heap.fill(0, area + KEY, area + NONCE);
  if (failed !== 0) throw new ProtocolError('tag', 'blob');
  const chunk = heap.slice(body, body + block.length - BLOB_OVERHEAD);
  heap.fill(0, body, body + chunk.length);
  return chunk;
}

function checkLength({ index, last }: BlobPlace, length: number): void {
  const fits = last ? length >= (index === 0 ? 0 : 1) && length <= BLOB_CHUNK : length === BLOB_CHUNK;
  if (!fits) throw new ProtocolError('blob_chunk');
}

/** The address of a chunk's block, in base32: CIDv1, raw, BLAKE2b-256. */
export const blobChunkCid = (block: Uint8Array): string => rawCid(block);

/** The address of a blob: of the block that `encodeBlobTop` made. */
export const blobCid = (top: Uint8Array): string => blockCid(top);
