// A second implementation of the formats, from their description alone, on @noble: it shares no code with protocol/.
// `node test/vectors/make-extra.mjs` writes protocol-v1-extra.json anew, always the same bytes.
import { writeFileSync } from 'node:fs';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hsalsa, xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { sha512 } from '@noble/hashes/sha2.js';

const utf8 = (text) => new Uint8Array(Buffer.from(text, 'utf8'));
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const unhex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
const cat = (...parts) => new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
const uint = (n, size) =>
  unhex(
    BigInt(n)
      .toString(16)
      .padStart(2 * size, '0'),
  );
const lp = (bytes) => cat(uint(bytes.length, 4), bytes);
const h256 = (message, key) => blake2b(message, { dkLen: 32, key });
/** Reproducible bytes for keys, nonces and salts. */
const seeded = (label, size = 32) => blake2b(utf8(`cere-ddc extra vectors ${label}`), { dkLen: size });
const flip = (bytes, at) => bytes.map((byte, i) => (i === (at < 0 ? bytes.length + at : at) ? byte ^ 1 : byte));

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

// ---- user roots
const app = seeded('app');
const seed = seeded('wallet seed');
const wallet = ed25519.getPublicKey(seed);
const root = seeded('user root');
const kek = seeded('kek');
const rootNonce = seeded('root nonce', 24);
function wrap(kekVersion) {
  const aad = cat(utf8('cere-ddc:root:v1'), app, wallet, uint(kekVersion, 4));
  return cat([1], uint(kekVersion, 4), rootNonce, xchacha20poly1305(kek, rootNonce, aad).encrypt(root));
}
const owner = { kek: hex(kek), app: hex(app), wallet: hex(wallet) };
for (const version of [0, 7, 4294967295]) {
  const wrapped = hex(wrap(version));
  add(
    'wrap_root',
    `KEK version ${version}`,
    { ...owner, kek_version: version, root: hex(root), nonce: hex(rootNonce) },
    { wrapped },
  );
  add('unwrap_root', `KEK version ${version}`, { ...owner, wrapped }, { root: hex(root), kek_version: version });
}
const wrapped = wrap(7);
refuse('wrap_root', 'a root of 31 bytes', 'root', {
  ...owner,
  kek_version: 7,
  root: hex(root.slice(1)),
  nonce: hex(rootNonce),
});
refuse('wrap_root', 'a nonce of 12 bytes', 'nonce', {
  ...owner,
  kek_version: 7,
  root: hex(root),
  nonce: hex(rootNonce.slice(12)),
});
refuse('wrap_root', 'KEK version 2^32', 'kek', {
  ...owner,
  kek_version: 4294967296,
  root: hex(root),
  nonce: hex(rootNonce),
});
refuse('unwrap_root', 'another wallet', 'tag', { ...owner, wallet: hex(app), wrapped: hex(wrapped) });
refuse('unwrap_root', 'another app', 'tag', { ...owner, app: hex(wallet), wrapped: hex(wrapped) });
refuse('unwrap_root', 'another KEK', 'tag', { ...owner, kek: hex(root), wrapped: hex(wrapped) });
refuse('unwrap_root', 'KEK version changed', 'tag', { ...owner, wrapped: hex(flip(wrapped, 4)) });
refuse('unwrap_root', 'format version 0', 'version', { ...owner, wrapped: hex(flip(wrapped, 0)) });
refuse('unwrap_root', 'one byte short', 'length', { ...owner, wrapped: hex(wrapped.slice(0, -1)) });
refuse('unwrap_root', 'overwritten with zeros', 'version', { ...owner, wrapped: '00'.repeat(77) });
refuse('unwrap_root', 'last byte of the tag changed', 'tag', { ...owner, wrapped: hex(flip(wrapped, -1)) });

// ---- transit: crypto_box_seed_keypair and crypto_box_seal from their parts
function words(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}
function hsalsa20(key, input) {
  const out = new Uint32Array(8);
  hsalsa(words(utf8('expand 32-byte k')), words(key), words(input), out);
  return new Uint8Array(out.buffer);
}
const boxKey = (secret, publicKey) => hsalsa20(x25519.getSharedSecret(secret, publicKey), new Uint8Array(16));
const transitSecret = sha512(h256(utf8('cere-ddc:transit:v1'), root)).slice(0, 32);
const transitPublic = x25519.getPublicKey(transitSecret);
function boxSeal(body, label) {
  const ephemeral = seeded(label);
  const publicKey = x25519.getPublicKey(ephemeral);
  const nonce = blake2b(cat(publicKey, transitPublic), { dkLen: 24 });
  return cat(publicKey, xsalsa20poly1305(boxKey(ephemeral, transitPublic), nonce).encrypt(body));
}
add(
  'transit_key',
  'seed = a keyed hash of the user root',
  { root: hex(root) },
  { public_key: hex(transitPublic), secret_key: hex(transitSecret) },
);
refuse('transit_key', 'a root of 33 bytes', 'root', { root: `${hex(root)}00` });
for (const [why, body] of [
  ['a body', utf8('{"v":1}\n')],
  ['an empty body', utf8('')],
]) {
  add('open_transit', why, { root: hex(root), sealed: hex(boxSeal(body, why)) }, { body: hex(body) });
}
const sealedBody = boxSeal(utf8('{"v":1}\n'), 'a body');
refuse('open_transit', 'another root', 'transit', { root: hex(kek), sealed: hex(sealedBody) });
refuse('open_transit', 'ciphertext changed', 'transit', { root: hex(root), sealed: hex(flip(sealedBody, -1)) });
refuse('open_transit', 'ephemeral key changed', 'transit', { root: hex(root), sealed: hex(flip(sealedBody, 3)) });
refuse('open_transit', '47 bytes', 'transit', { root: hex(root), sealed: hex(sealedBody.slice(0, 47)) });

// ---- batches
const commit = ({ salt, data, commitment }) => commitment ?? hex(h256(utf8(data), unhex(salt)));
const byBytes = ([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b));
function leafOf(event) {
  if (event.leaf !== undefined) return unhex(event.leaf);
  const scopes = Object.entries(event.scopes).sort(byBytes);
  const fields = [event.id, event.type, event.time, event.session ?? '', event.blob ?? ''].map((text) =>
    lp(utf8(text)),
  );
  return h256(
    cat(
      [0],
      ...fields,
      uint(scopes.length, 2),
      ...scopes.flatMap(([name, scope]) => [lp(utf8(name)), unhex(commit(scope))]),
    ),
  );
}
function treeOf(leaves) {
  if (leaves.length === 1) return leaves[0];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return h256(cat([1], treeOf(leaves.slice(0, split)), treeOf(leaves.slice(split))));
}
function signed(fields, events, count = events.length) {
  const header = {
    v: 1,
    network: 'cere-testnet',
    app: hex(app),
    wallet: hex(wallet),
    source: hex(seeded('source', 16)),
    seq: 3,
    issuedAt: 1760358681516,
    count,
    signer: 'wallet',
    algorithm: 'ed25519',
    wrap: 'none',
    ...fields,
  };
  const merkle = treeOf(events.map(leafOf));
  const message = cat(
    utf8('cere-ddc:batch:v1\n'),
    lp(utf8(header.network)),
    unhex(header.app),
    unhex(header.wallet),
    unhex(header.source),
    uint(header.seq, 8),
    uint(header.issuedAt, 8),
    uint(header.count, 4),
    merkle,
  );
  const wrappedMessage = header.wrap === 'bytes' ? cat(utf8('<Bytes>'), message, utf8('</Bytes>')) : message;
  const id = h256(
    cat(
      utf8('cere-ddc:batch-id:v1\n'),
      lp(utf8(header.network)),
      unhex(header.app),
      unhex(header.wallet),
      lp(utf8(header.signer)),
      unhex(header.source),
      uint(header.seq, 8),
      merkle,
    ),
  );
  return {
    header: { ...header, signature: hex(ed25519.sign(wrappedMessage, seed)) },
    root: hex(merkle),
    batch_id: hex(id),
  };
}
const events = [
  {
    id: '0199dd8d-cba7-7d22-9453-add6ffb93774',
    type: 'PAGE "VIEW"',
    time: '2026-02-03T04:05:06.000Z',
    scopes: { __default_scope: { salt: hex(seeded('salt 0', 16)), data: '{"page":"/"}' } },
  },
  {
    id: '0199dd8d-cba8-7230-adf9-20a7a79ef0f0',
    type: 'KÖP',
    time: '2024-02-29T23:59:59.999Z',
    session: 'a\\b é',
    blob: 'bafkr4ihkr4ld3m4gqkjf4reryxsy2s5tkbxprqkow6fin2iiyvreuzzab4',
    scopes: {
      'z.z': { salt: hex(seeded('salt 1', 16)), data: '' },
      A: { salt: hex(seeded('salt 2', 16)), data: '\ufeff{"a": 1, "a": 2} 🚀' },
    },
  },
  {
    id: '0199dd8d-cba9-7488-814f-a2a2c7109c2b',
    type: 'T',
    time: '0000-01-01T00:00:00.000Z',
    scopes: { 'geo-1_2': { salt: hex(seeded('salt 3', 16)), data: 'x'.repeat(300) } },
  },
];
const closeAll = (event) =>
  event.leaf !== undefined
    ? event
    : {
        ...event,
        scopes: Object.fromEntries(
          Object.entries(event.scopes).map(([name, scope]) => [name, { commitment: commit(scope) }]),
        ),
      };

// ---- envelopes and meta
const scopeKeyOf = (scope, epoch) =>
  h256(cat(utf8('cere-ddc:scope:v1'), lp(app), lp(utf8(scope)), uint(epoch, 4)), root);
const subject = h256(utf8('cere-ddc:subject:v1'), root);
function envelope({ scope, epoch, eventId, salt, data, nonce }) {
  const aad = cat(utf8('cere-ddc:env:v1'), lp(app), subject, lp(utf8(eventId)), lp(utf8(scope)), uint(epoch, 4));
  const keys = blake2b(cat(utf8('cere-ddc:record:v1'), nonce, lp(aad)), { dkLen: 64, key: scopeKeyOf(scope, epoch) });
  const sealed = xchacha20poly1305(keys.slice(0, 32), nonce, aad).encrypt(cat(salt, data));
  return cat([1, 1], uint(epoch, 4), nonce, keys.slice(32), sealed);
}
const place = {
  scope_key: hex(scopeKeyOf('A', 2)),
  epoch: 2,
  app: hex(app),
  subject: hex(subject),
  event_id: events[1].id,
  scope: 'A',
};
const salt = unhex(events[1].scopes.A.salt);
const nonce = seeded('nonce', 24);
const known = { scope: 'A', epoch: 2, eventId: events[1].id, salt, data: utf8(events[1].scopes.A.data), nonce };
add(
  'open',
  'the commitment is known and holds',
  { ...place, envelope: hex(envelope(known)), commitment: commit(events[1].scopes.A) },
  { salt: hex(salt), data: events[1].scopes.A.data },
);
refuse('open', 'the content is not what was signed', 'commitment', {
  ...place,
  envelope: hex(envelope({ ...known, data: utf8('other') })),
  commitment: commit(events[1].scopes.A),
});
refuse('open', 'data is not UTF-8', 'utf8', {
  ...place,
  envelope: hex(envelope({ ...known, data: Uint8Array.of(0xc3, 0x28) })),
});
refuse('open', 'data is an encoded surrogate', 'utf8', {
  ...place,
  envelope: hex(envelope({ ...known, data: Uint8Array.of(0xed, 0xa0, 0x80) })),
});
refuse('open', 'a scope key of 31 bytes', 'scope_key', {
  ...place,
  scope_key: place.scope_key.slice(2),
  envelope: hex(envelope(known)),
});

const metaNonce = seeded('meta nonce', 24);
const metaKey = { root: hex(root), app: hex(app), epoch: 2 };
const metaEnvelope = (text, bytes = new Uint8Array(16)) =>
  envelope({ scope: '__meta', epoch: 2, eventId: '', salt: bytes, data: utf8(text), nonce: metaNonce });
const metaText = (header, list, more = {}) => JSON.stringify({ v: 1, header, events: list, ...more });
const batch = signed({}, events);
const closed = events.map(closeAll);
const whole = metaEnvelope(metaText(batch.header, closed));
const envelopeOut = (bytes) => ({ length: bytes.length, blake2b256: hex(h256(bytes)), envelope: hex(bytes) });
add(
  'seal_meta',
  'members in the order of the format, compact',
  { ...metaKey, header: batch.header, events, nonce: hex(metaNonce) },
  envelopeOut(whole),
);
add(
  'open_meta',
  'three events',
  { ...metaKey, envelope: hex(whole) },
  { root: batch.root, batch_id: batch.batch_id, header: batch.header, events: closed },
);
const wrappedBatch = signed({ wrap: 'bytes', seq: 9007199254740991 }, events);
add(
  'open_meta',
  'wrapped signature, largest seq',
  { ...metaKey, envelope: hex(metaEnvelope(metaText(wrappedBatch.header, closed))) },
  { root: wrappedBatch.root, batch_id: wrappedBatch.batch_id },
);
const removed = [closed[0], { leaf: hex(leafOf(events[1])) }, closed[2]];
add(
  'open_meta',
  'an event was removed: its leaf is left',
  { ...metaKey, envelope: hex(metaEnvelope(metaText(batch.header, removed))) },
  { root: batch.root, batch_id: batch.batch_id, events: removed },
);
const badMeta = (why, error, text, bytes) =>
  refuse('open_meta', why, error, { ...metaKey, envelope: hex(metaEnvelope(text, bytes)) });
badMeta('a scope with its data', 'meta', metaText(batch.header, [events[0], closed[1], closed[2]]));
badMeta('an event is missing', 'count', metaText(batch.header, closed.slice(1)));
badMeta('events in another order', 'signature', metaText(batch.header, [closed[1], closed[0], closed[2]]));
badMeta(
  'a removed event with a type left',
  'meta',
  metaText(batch.header, [closed[0], { ...removed[1], type: 'T' }, closed[2]]),
);
badMeta(
  'another leaf for a removed event',
  'signature',
  metaText(batch.header, [closed[0], { leaf: hex(root) }, closed[2]]),
);
badMeta('v 2', 'meta', metaText(batch.header, closed, { v: 2 }));
badMeta('a member too many', 'meta', metaText(batch.header, closed, { x: 1 }));
badMeta('seq changed', 'signature', metaText({ ...batch.header, seq: 4 }, closed));
badMeta('not JSON', 'json', 'meta');
badMeta('a salt', 'meta', metaText(batch.header, closed), seeded('salt 0', 16));
badMeta("another app's batch", 'meta', metaText(signed({ app: hex(wallet) }, events).header, closed));
refuse('open_meta', 'another epoch', 'epoch', { ...metaKey, epoch: 3, envelope: hex(whole) });
refuse('open_meta', 'another root', 'commitment', { ...metaKey, root: hex(kek), envelope: hex(whole) });

// ---- bodies
const line = (value) => JSON.stringify(value);
const nd = (...lines) => lines.map((text) => `${text}\n`).join('');
const body = (text, format = 'ndjson') => ({
  body: hex(typeof text === 'string' ? utf8(text) : text),
  format,
  network: 'cere-testnet',
});
const good = nd(line(batch.header), ...events.map(line));
const told = { root: batch.root, batch_id: batch.batch_id, mode: 'service' };
add('body', 'NDJSON', body(good), told);
add('body', 'the last LF may be missing', body(good.slice(0, -1)), told);
add('body', 'JSON', body(line({ header: batch.header, events }), 'json'), told);
add('body', 'of a duplicate member the last wins', body(good.replace('"type":"T"', '"type":"S","type":"T"')), told);
add(
  'body',
  'white space and escapes in a line are not hashed',
  body(good.replace('"type":"T"', ' "type" : "\\u0054" ')),
  told,
);
const client = { subject: hex(subject), epoch: 2, meta: Buffer.from(whole).toString('base64url') };
const sealedEvents = events.map((event) => ({
  ...event,
  scopes: Object.fromEntries(
    Object.entries(event.scopes).map(([scope, open]) => [
      scope,
      {
        commitment: commit(open),
        envelope: Buffer.from(
          envelope({ scope, epoch: 2, eventId: event.id, salt: unhex(open.salt), data: utf8(open.data), nonce }),
        ).toString('base64url'),
      },
    ]),
  ),
}));
const clientHeader = { ...batch.header, ...client };
add('body', 'client mode', body(nd(line(clientHeader), ...sealedEvents.map(line))), { ...told, mode: 'client' });
const bad = (why, error, text, format) => refuse('body', why, error, body(text, format));
bad('empty', 'blank_line', '');
bad('CR LF', 'line_end', good.replaceAll('\n', '\r\n'));
bad('a blank line inside', 'blank_line', good.replace('\n', '\n\n'));
bad('a blank line at the end', 'blank_line', `${good}\n`);
bad('a byte order mark', 'json', `\ufeff${good}`);
bad('invalid UTF-8', 'utf8', cat(utf8(good.slice(0, -3)), [0xff], utf8(good.slice(-3))));
bad('a lone surrogate by escape', 'data', good.replace('{\\"page\\":\\"/\\"}', '\\ud800'));
bad('__proto__ in an event', 'proto', good.replace('"type":"T"', '"type":"T","__proto__":{}'));
bad('__proto__ in the header', 'proto', good.replace('"v":1', '"v":1,"__proto__":{}'));
bad('__proto__ as a scope', 'proto', good.replace('"geo-1_2"', '"__proto__"'));
bad('nested too deep', 'depth', good.replace('"type":"T"', `"type":${'['.repeat(3000)}${']'.repeat(3000)}`));
bad('nested far too deep, not even JSON', 'depth', good.replace('"type":"T"', `"type":${'['.repeat(5000)}`));
bad('an unknown field', 'field', good.replace('"type":"T"', '"type":"T","x":1'));
bad('two values in a line', 'json', good.replace('}}}\n', '}}},{}\n'));
bad('count is not the number of lines', 'count', nd(line(batch.header), ...events.slice(1).map(line)));
bad('seq with a fraction', 'number', good.replace('"seq":3', '"seq":3.5'));
bad('seq 2^53', 'number', good.replace('"seq":3', '"seq":9007199254740992'));
bad('a closed scope in service mode', 'client', good.replace(line(events[2]), line(closed[2])));
bad(
  'an open scope in client mode',
  'client',
  nd(line(clientHeader), ...sealedEvents.slice(0, 2).map(line), line(events[2])),
);
bad(
  'subject without epoch and meta',
  'client',
  nd(line({ ...batch.header, subject: hex(subject) }), ...sealedEvents.map(line)),
);
bad('epoch of another key', 'epoch', nd(line({ ...clientHeader, epoch: 1 }), ...sealedEvents.map(line)));
bad(
  'padding after base64url',
  'base64url',
  nd(line({ ...clientHeader, meta: `${client.meta}==` }), ...sealedEvents.map(line)),
);
bad('session null', 'session', good.replace('"type":"T"', '"type":"T","session":null'));
bad('a control character in type', 'type', good.replace('"type":"T"', '"type":"T\\u0000"'));
bad('type of 129 bytes', 'type', good.replace('"type":"T"', `"type":"${'é'.repeat(64)}x"`));
bad(
  '65 scopes',
  'scope',
  good.replace(
    '"scopes":{"geo-1_2"',
    `"scopes":{${Array.from({ length: 64 }, (_, i) => `"s${i}":{"salt":"${'0'.repeat(32)}","data":""},`).join('')}"geo-1_2"`,
  ),
);
bad('another network', 'network', nd(line(signed({ network: 'cere-mainnet' }, events).header), ...events.map(line)));
bad('a member beside header and events', 'field', line({ header: batch.header, events, x: 1 }), 'json');
bad('data changed', 'signature', good.replace('x'.repeat(300), 'y'.repeat(300)));
bad('wallet all zero', 'key', good.replace(hex(wallet), '0'.repeat(64)));

// ---- settlement
const MAX = 2n ** 128n - 1n;
const feeOf = (count, size, perOperation, perMiB) =>
  BigInt(count) * perOperation + (BigInt(size) * perMiB + 1048575n) / 1048576n;
for (const [count, size, perOperation, perMiB] of [
  [1, 0, 5n, 7n],
  [1000, 1, 0n, 1n],
  [3, 1048576, 2n, 10n],
  [3, 1048577, 2n, 10n],
  [1, 9007199254740991, 1n, 10n ** 20n],
]) {
  add(
    'fee',
    `${count} operations, ${size} bytes`,
    { count, bytes: size, per_operation: String(perOperation), per_mib: String(perMiB) },
    { fee: String(feeOf(count, size, perOperation, perMiB)) },
  );
}
refuse('fee', 'more than a u128', 'fee', { count: 2, bytes: 0, per_operation: String(MAX), per_mib: '0' });
refuse('fee', 'a negative price', 'fee', { count: 2, bytes: 0, per_operation: '-1', per_mib: '0' });
refuse('fee', 'a negative count', 'range', { count: -1, bytes: 0, per_operation: '1', per_mib: '0' });
refuse('fee', 'bytes with a fraction', 'range', { count: 1, bytes: 0.5, per_operation: '1', per_mib: '0' });
const leafIn = { batch_id: batch.batch_id, hash: hex(seeded('hash')), count: 3, bytes: 1048577, fee: '17' };
const settlementLeaf = (leaf) =>
  hex(
    h256(
      cat([0], unhex(leaf.batch_id), unhex(leaf.hash), uint(leaf.count, 4), uint(leaf.bytes, 8), uint(leaf.fee, 16)),
    ),
  );
for (const [why, more] of [
  ['one batch', {}],
  ['nothing to pay', { fee: '0' }],
  ['the largest numbers', { count: 4294967295, bytes: 9007199254740991, fee: String(MAX) }],
]) {
  add('settlement_leaf', why, { ...leafIn, ...more }, { leaf: settlementLeaf({ ...leafIn, ...more }) });
}
refuse('settlement_leaf', 'a hash of 31 bytes', 'length', { ...leafIn, hash: leafIn.hash.slice(2) });
refuse('settlement_leaf', 'fee 2^128', 'fee', { ...leafIn, fee: String(MAX + 1n) });
refuse('settlement_leaf', 'count 2^32', 'range', { ...leafIn, count: 4294967296 });
const remarkIn = {
  network: 'cere-testnet',
  round: 12,
  app: hex(app),
  root: hex(seeded('settled root')),
  leaves: 2,
  operations: 1003,
  bytes: 1048578,
  fee: '1234567890123',
};
const remark = (r) =>
  cat(
    utf8('cere-ddc:settle:v1\n'),
    lp(utf8(r.network)),
    uint(r.round, 8),
    unhex(r.app),
    unhex(r.root),
    uint(r.leaves, 4),
    uint(r.operations, 8),
    uint(r.bytes, 8),
    uint(r.fee, 16),
  );
for (const [why, more] of [
  ['a round of one app', {}],
  ['the first round, nothing to pay', { round: 0, fee: '0' }],
  ['the largest numbers', { network: 'a'.repeat(32), round: 9007199254740991, leaves: 4294967295, fee: String(MAX) }],
]) {
  const fields = { ...remarkIn, ...more };
  add('remark', why, fields, { remark: hex(remark(fields)) });
  add('parse_remark', why, { remark: hex(remark(fields)) }, fields);
}
refuse('remark', 'network in upper case', 'network', { ...remarkIn, network: 'Cere' });
refuse('remark', 'round negative', 'range', { ...remarkIn, round: -1 });
refuse('remark', 'app of 31 bytes', 'length', { ...remarkIn, app: remarkIn.app.slice(2) });
const told2 = remark(remarkIn);
refuse('parse_remark', 'a trailing byte', 'remark', { remark: `${hex(told2)}00` });
refuse('parse_remark', 'one byte short', 'remark', { remark: hex(told2.slice(0, -1)) });
refuse('parse_remark', 'another kind', 'remark', { remark: hex(flip(told2, 16)) });
refuse('parse_remark', 'empty', 'remark', { remark: '' });
refuse('parse_remark', 'a network longer than the remark', 'remark', {
  remark: hex(cat(told2.slice(0, 19), uint(4294967295, 4), told2.slice(23))),
});
refuse('parse_remark', 'round 2^53', 'remark', { remark: hex(remark({ ...remarkIn, round: 9007199254740992n })) });
refuse('parse_remark', 'a network with a capital', 'remark', {
  remark: hex(remark({ ...remarkIn, network: 'Cere-testnet' })),
});

// ---- ed25519 where libraries differ: points with a part of small order, and what the cofactor would forgive
const Point = ed25519.Point;
const ORDER = Point.Fn.ORDER;
const le = (bytes) => BigInt(`0x${hex(Uint8Array.from(bytes).reverse())}`);
const scalar = (label) => le(seeded(label)) % ORDER;
/** A point of order 8. */
const SMALL = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', true);
const secret = scalar('ed25519 secret');
const nonce25519 = scalar('ed25519 nonce');
const A = Point.BASE.multiply(secret);
const R = Point.BASE.multiply(nonce25519);
const challenge = (r, a, message) => le(sha512(cat(r.toBytes(), a.toBytes(), message))) % ORDER;
function signedWith(r, a, nonce, message) {
  const s = (nonce + challenge(r, a, message) * secret) % ORDER;
  return {
    algorithm: 'ed25519',
    wrap: 'none',
    public_key: hex(a.toBytes()),
    message: hex(message),
    signature: hex(cat(r.toBytes(), Uint8Array.from(uint(s, 32)).reverse())),
  };
}
const mixed = A.add(SMALL);
const text = utf8('cere-ddc ed25519');
/** The first message whose challenge times a point of order 8 is, or is not, zero. */
const messageWhere = (holds) => {
  for (let i = 0; ; i++) {
    const message = cat(text, uint(i, 4));
    if (holds(challenge(R, mixed, message) % 8n)) return message;
  }
};
const verified = { verified: true };
add('verify', 'made from its parts', signedWith(R, A, nonce25519, text), verified);
add(
  'verify',
  'a key of mixed order, the equation holds',
  signedWith(
    R,
    mixed,
    nonce25519,
    messageWhere((h) => h === 0n),
  ),
  verified,
);
refuse(
  'verify',
  'a key of mixed order, it holds only times the cofactor',
  undefined,
  signedWith(
    R,
    mixed,
    nonce25519,
    messageWhere((h) => h !== 0n),
  ),
);
refuse(
  'verify',
  'R of mixed order, it holds only times the cofactor',
  undefined,
  signedWith(R.add(SMALL), A, nonce25519, text),
);
refuse('verify', 'R is the identity, the equation holds', undefined, signedWith(Point.ZERO, A, 0n, text));

const valid = cases.filter((one) => one.valid).length;
const file = {
  title: 'cere-ddc protocol v1 vectors, second file',
  encoding:
    'all byte strings are lower-case hex, amounts decimal text; `error` names the check that fails, any refusal is right',
  source: 'test/vectors/make-extra.mjs',
  counts: { cases: cases.length, valid, invalid: cases.length - valid },
  cases,
};
writeFileSync(new URL('protocol-v1-extra.json', import.meta.url), `${JSON.stringify(file, null, 1)}\n`);
console.log(`${cases.length} cases, ${cases.length - valid} of them negative`);
