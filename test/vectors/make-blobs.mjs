// Blobs, from docs/formats.md alone, on @noble and @ipld/dag-cbor: it shares no code with protocol/.
// `node test/vectors/make-blobs.mjs` writes blobs-v1.json anew, always the same bytes.
import { writeFileSync } from 'node:fs';
import { encode } from '@ipld/dag-cbor';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { blake2b } from '@noble/hashes/blake2.js';

const MIB = 1024 * 1024;
const utf8 = (text) => new Uint8Array(Buffer.from(text, 'utf8'));
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const cat = (...parts) => new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
const uint = (n, size) =>
  new Uint8Array(
    Buffer.from(
      BigInt(n)
        .toString(16)
        .padStart(2 * size, '0'),
      'hex',
    ),
  );
const h256 = (message, key) => blake2b(message, { dkLen: 32, key });
const seeded = (label, size = 32) => blake2b(utf8(`cere-ddc blob vectors ${label}`), { dkLen: size });
const flip = (bytes, at) => bytes.map((byte, i) => (i === (at < 0 ? bytes.length + at : at) ? byte ^ 1 : byte));

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
function base32(bytes) {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.replace(/.{1,5}/g, (five) => ALPHABET[Number.parseInt(five.padEnd(5, '0'), 2)]);
}
const cidBytes = (codec, block) => cat([1, codec, 0xa0, 0xe4, 0x02, 32], h256(block));
const rawCid = (block) => `b${base32(cidBytes(0x55, block))}`;
const topCid = (block) => `b${base32(cidBytes(0x71, block))}`;

const cases = [];
const counts = {};
function add(op, why, input, out, error) {
  counts[op] = (counts[op] ?? 0) + 1;
  const id = `${op}-${String(counts[op]).padStart(2, '0')}`;
  cases.push(
    out === undefined ? { id, op, valid: false, why, in: input, error } : { id, op, valid: true, why, in: input, out },
  );
}
const refuse = (op, why, error, input) => add(op, why, input, undefined, error);

// ---- keys
const scopeKey = seeded('scope key');
const id = seeded('id', 16);
const BLOB = utf8('cere-ddc:blob:v1');
const keyOf = (of) => h256(cat(BLOB, of), scopeKey);
const key = keyOf(id);
for (const [why, of] of [
  ['an id', id],
  ['an id of zeros', new Uint8Array(16)],
])
  add('blob_key', why, { scope_key: hex(scopeKey), id: hex(of) }, { key: hex(keyOf(of)) });
refuse('blob_key', 'an id of 15 bytes', 'blob_id', { scope_key: hex(scopeKey), id: hex(id.slice(1)) });
refuse('blob_key', 'an id of 32 bytes', 'blob_id', { scope_key: hex(scopeKey), id: hex(scopeKey) });
refuse('blob_key', 'a scope key of 31 bytes', 'scope_key', { scope_key: hex(scopeKey.slice(1)), id: hex(id) });

// ---- chunks
function sealed(index, last, chunk) {
  const nonce = cat(new Uint8Array(16), uint(index, 8));
  return xchacha20poly1305(key, nonce, cat(BLOB, uint(index, 8), [last ? 1 : 0])).encrypt(chunk);
}
const shown = (block) => ({ length: block.length, blake2b256: hex(h256(block)), cid: rawCid(block) });
const place = (index, last) => ({ key: hex(key), index, last });
for (const [why, index, last, chunk] of [
  ['an empty blob: one chunk, which is only a tag', 0, true, new Uint8Array()],
  ['a small blob', 0, true, utf8('hello')],
  ['the end of a larger one', 3, true, utf8('hello')],
  ['the end of the largest', 63, true, seeded('end', 64)],
]) {
  const block = sealed(index, last, chunk);
  const at = place(index, last);
  add('seal_blob_chunk', why, { ...at, chunk: hex(chunk) }, { ...shown(block), block: hex(block) });
  add('open_blob_chunk', why, { ...at, block: hex(block) }, { chunk: hex(chunk) });
}
for (const [why, index, last] of [
  ['a whole chunk in the middle', 1, false],
  ['a whole chunk at the end', 1, true],
]) {
  const block = sealed(index, last, new Uint8Array(MIB).fill(0xa5));
  add('seal_blob_chunk', why, { ...place(index, last), chunk: { repeat: 'a5', times: MIB } }, shown(block));
}
for (const [why, error, at, size] of [
  ['the middle one byte short', 'blob_chunk', place(0, false), MIB - 1],
  ['the end one byte long', 'blob_chunk', place(1, true), MIB + 1],
  ['nothing after a whole chunk', 'blob_chunk', place(1, true), 0],
  ['index 64', 'blob_index', place(64, true), 5],
  ['index -1', 'blob_index', place(-1, true), 5],
  ['index 0.5', 'blob_index', place(0.5, true), 5],
  ['a key of 31 bytes', 'blob_key', { ...place(0, true), key: hex(key.slice(1)) }, 5],
])
  refuse('seal_blob_chunk', why, error, { ...at, chunk: { repeat: '00', times: size } });
const block = sealed(3, true, utf8('hello'));
for (const [why, error, at, bytes] of [
  ['another index', 'tag', place(2, true), block],
  ['another key', 'tag', { ...place(3, true), key: hex(scopeKey) }, block],
  ['its first byte changed', 'tag', place(3, true), flip(block, 0)],
  ['its last byte changed', 'tag', place(3, true), flip(block, -1)],
  ['cut short by a byte', 'tag', place(3, true), block.slice(0, -1)],
  ['shorter than a tag', 'blob_chunk', place(0, true), block.slice(0, 15)],
  ['only a tag, after other chunks', 'blob_chunk', place(3, true), block.slice(0, 16)],
  ['shown as one in the middle', 'blob_chunk', place(3, false), block],
  ['index 64', 'blob_index', place(64, true), block],
])
  refuse('open_blob_chunk', why, error, { ...at, block: hex(bytes) });
const emptyAtTheEnd = sealed(0, true, new Uint8Array());
refuse('open_blob_chunk', 'an empty blob with its tag changed', 'tag', {
  ...place(0, true),
  block: hex(flip(emptyAtTheEnd, 4)),
});

// ---- tops
/** A CID as @ipld/dag-cbor wants it. */
const link = (bytes) => ({
  '/': bytes,
  bytes,
  asCID: undefined,
  code: 0x55,
  version: 1,
  multihash: { bytes: bytes.slice(2) },
});
function linkTo(bytes) {
  const one = link(bytes);
  one.asCID = one;
  return one;
}
const chunksOf = (count) => Array.from({ length: count }, (_, i) => cidBytes(0x55, uint(i, 2)));
const text = (bytes) => `b${base32(bytes)}`;
const topOf = (size, count, over = {}) => ({
  v: 1,
  scope: 'photos',
  epoch: 7,
  id,
  size,
  chunks: chunksOf(count),
  ...over,
});
const encoded = ({ chunks, ...rest }) => encode(chunks === undefined ? rest : { ...rest, chunks: chunks.map(linkTo) });
const json = ({ scope, epoch, size, chunks, id: of }) => ({
  scope,
  epoch,
  id: hex(of),
  size,
  chunks: chunks.map(text),
});
for (const [why, top] of [
  ['an empty blob', topOf(0, 1)],
  ['one byte', topOf(1, 1)],
  ['a whole chunk', topOf(MIB, 1)],
  ['a byte more', topOf(MIB + 1, 2, { scope: '__default_scope', epoch: 0 })],
  ['23 chunks', topOf(23 * MIB, 23)],
  ['24 chunks', topOf(24 * MIB, 24, { epoch: 4294967295 })],
  ['the largest', topOf(64 * MIB, 64)],
]) {
  const made = encoded(top);
  add('blob_top', why, json(top), { top: hex(made), cid: topCid(made) });
  add('open_blob_top', why, { top: hex(made), cid: topCid(made) }, json(top));
}
for (const [why, error, top] of [
  ['a chunk too few', 'blob_top', topOf(MIB + 1, 1)],
  ['a chunk too many', 'blob_top', topOf(MIB, 2)],
  ['no chunk', 'blob_top', topOf(0, 0)],
  ['a byte too large', 'blob_size', topOf(64 * MIB + 1, 65)],
  ['a reserved scope', 'scope', topOf(1, 1, { scope: '__meta' })],
  ['epoch 2^32', 'epoch', topOf(1, 1, { epoch: 2 ** 32 })],
  ['an id of 15 bytes', 'blob_id', topOf(1, 1, { id: id.slice(1) })],
  ['a chunk of another codec', 'blob_top', topOf(1, 1, { chunks: [cidBytes(0x71, id)] })],
]) {
  refuse('blob_top', why, error, json(top));
  const made = encoded(top);
  refuse('open_blob_top', why, 'blob_top', { top: hex(made), cid: topCid(made) });
}
const good = encoded(topOf(1, 1));
const refuseTop = (why, error, bytes, cid = topCid(bytes)) =>
  refuse('open_blob_top', why, error, { top: hex(bytes), cid });
refuseTop('another address', 'cid', good, topCid(encoded(topOf(2, 1))));
refuseTop('the address of raw bytes', 'cid', good, rawCid(good));
refuseTop('v 2', 'blob_top', encoded(topOf(1, 1, { v: 2 })));
refuseTop('a member more', 'blob_top', encoded(topOf(1, 1, { more: 1 })));
refuseTop('an epoch that is text', 'blob_top', encoded(topOf(1, 1, { epoch: 'x' })));
refuseTop('no chunks', 'blob_top', encoded({ v: 1, scope: 'photos', epoch: 7, id, size: 1 }));
refuseTop('a byte after it', 'blob_top', cat(good, [0]));
refuseTop('its last byte missing', 'blob_top', good.slice(0, -1));
// size 1 as 0x1801: the same number, a byte longer.
const at = Buffer.from(good).indexOf(cat([0x64], utf8('size'), [1])) + 5;
refuseTop('a number that is longer than it needs', 'blob_top', cat(good.slice(0, at), [0x18, 1], good.slice(at + 1)));

const valid = cases.filter((one) => one.valid).length;
const file = {
  title: 'cere-ddc blobs v1 vectors',
  encoding:
    'all byte strings are lower-case hex, addresses base32; `error` names the check that fails, any refusal is right',
  source: 'test/vectors/make-blobs.mjs',
  counts: { cases: cases.length, valid, invalid: cases.length - valid },
  cases,
};
writeFileSync(new URL('blobs-v1.json', import.meta.url), `${JSON.stringify(file, null, 1)}\n`);
console.log(`${cases.length} cases, ${cases.length - valid} of them negative`);
