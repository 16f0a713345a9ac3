// Signed requests, certificates, grants and receipts by a second implementation, from their description alone, on @noble, @scure and @ipld/dag-cbor: it
// shares no code with protocol/. `node test/vectors/make-requests.mjs` writes requests-v1.json anew, always the same bytes.
import { writeFileSync } from 'node:fs';
import { encode } from '@ipld/dag-cbor';
import { hsalsa, xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { sha512 } from '@noble/hashes/sha2.js';
import * as sr25519 from '@scure/sr25519';

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
const base64url = (bytes) => Buffer.from(bytes).toString('base64url');
const seeded = (label, size = 32) => blake2b(utf8(`cere-ddc request vectors ${label}`), { dkLen: size });

const cases = [];
const counts = {};
function add(name, op, why, input, out, error) {
  counts[name] = (counts[name] ?? 0) + 1;
  const id = `${name}-${String(counts[name]).padStart(2, '0')}`;
  cases.push(
    out === undefined ? { id, op, valid: false, why, in: input, error } : { id, op, valid: true, why, in: input, out },
  );
}

// ---- people
const NETWORK = 'cere-testnet';
const NOW = 1770091506000;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const ZERO = '00'.repeat(32);
const edSeed = seeded('wallet');
const srSecret = sr25519.secretFromSeed(seeded('sr wallet'));
const appSeed = seeded('app');
const ed = hex(ed25519.getPublicKey(edSeed));
const sr = hex(sr25519.getPublicKey(srSecret));
const app = hex(ed25519.getPublicKey(appSeed));
/** libsodium's crypto_box_seed_keypair. */
const boxPair = (label) => {
  const seed = seeded(label);
  const secretKey = sha512(seed).slice(0, 32);
  return { seed, secretKey, publicKey: x25519.getPublicKey(secretKey) };
};
const reader = boxPair('reader');
const stranger = boxPair('stranger');

// ---- frames
function messageOf(request, body) {
  return cat(
    utf8(`cere-ddc:${request.kind}:v1\n`),
    lp(utf8(request.network)),
    unhex(request.app),
    unhex(request.wallet),
    unhex(request.id),
    uint(request.issuedAt, 8),
    lp(body),
  );
}
/** Signs what it is told to, right or wrong. `raw`: the body's bytes instead of its content. */
function request(kind, content, { raw, by = 'ed', ...fields } = {}) {
  const body = raw ?? encode(content);
  const frame = {
    kind,
    network: NETWORK,
    app,
    wallet: by === 'sr' ? sr : ed,
    id: hex(seeded(`${kind} id`, 16)),
    issuedAt: NOW,
    body: base64url(body),
    signer: by === 'app' ? 'app' : 'wallet',
    algorithm: by === 'sr' ? 'sr25519' : 'ed25519',
    wrap: 'none',
    ...fields,
  };
  const message = messageOf(frame, body);
  const signed = frame.wrap === 'bytes' ? cat(utf8('<Bytes>'), message, utf8('</Bytes>')) : message;
  const signature =
    by === 'sr'
      ? sr25519.sign(srSecret, signed, seeded(`${kind} nonce`))
      : ed25519.sign(signed, by === 'app' ? appSeed : by === 'stranger' ? seeded('stranger wallet') : edSeed);
  return { request: { ...frame, signature: hex(signature) }, message };
}
/** A content as JSON: bytes as hex. */
const shown = (value) =>
  value instanceof Uint8Array
    ? hex(value)
    : Array.isArray(value)
      ? value.map(shown)
      : typeof value === 'object'
        ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shown(member)]))
        : value;
/** A content as input: bytes marked. */
const marked = (value) =>
  value instanceof Uint8Array
    ? { bytes: hex(value) }
    : Array.isArray(value)
      ? value.map(marked)
      : typeof value === 'object'
        ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, marked(member)]))
        : value;

const NAMES = { recipient: 'certificate' };
/** The cases that every kind has; `frame` is what it needs beside its content. */
function good(kind, why, content, { now = NOW, ...options } = {}) {
  const { request: signed, message } = request(kind, content, options);
  const out = { message: hex(message), hash: hex(blake2b(message, { dkLen: 32 })), content: shown(content) };
  add(NAMES[kind] ?? kind, 'request', why, { request: signed, network: NETWORK, now }, out);
}
function bad(kind, why, error, content, { now = NOW, change = {}, network = NETWORK, ...options } = {}) {
  const { request: signed } = request(kind, content, options);
  add(NAMES[kind] ?? kind, 'request', why, { request: { ...signed, ...change }, network, now }, undefined, error);
}
function signing(kind, content, options = {}) {
  const { request: signed } = request(kind, content, options);
  const { body, signature, ...fields } = signed;
  const seed = options.by === 'app' ? appSeed : edSeed;
  add(
    NAMES[kind] ?? kind,
    'sign_request',
    'made here as there',
    { seed: hex(seed), fields, content: marked(content) },
    { body, signature },
  );
}
const flip = (text, at) => text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
/** What must hold for every kind alike. */
function common(kind, content, options = {}) {
  good(kind, 'ed25519', content, options);
  if (options.by === undefined && kind !== 'grant') {
    good(kind, 'sr25519, wrapped', content, { ...options, by: 'sr', wrap: 'bytes' });
  } else {
    good(kind, 'wrapped', content, { ...options, wrap: 'bytes' });
  }
  signing(kind, content, options);
  const { signature } = request(kind, content, options).request;
  bad(kind, 'the signature changed', 'signature', content, { ...options, change: { signature: flip(signature, 9) } });
  bad(kind, 'signed by a stranger', 'signature', content, {
    ...options,
    by: 'stranger',
    change: { signer: options.by === 'app' ? 'app' : 'wallet' },
  });
  bad(kind, 'for another network', 'network', content, { ...options, network: 'cere-mainnet' });
  bad(kind, 'a member of the body too many', 'field', { ...content, extra: 1 }, options);
}
/** Five minutes on both sides, and not a millisecond more. */
function fresh(kind, content, options = {}) {
  good(kind, 'received at the last moment', content, { ...options, now: NOW + 5 * MINUTE });
  bad(kind, 'received too late', 'request_stale', content, { ...options, now: NOW + 5 * MINUTE + 1 });
  bad(kind, 'more than 5 minutes ahead', 'request_stale', content, { ...options, now: NOW - 5 * MINUTE - 1 });
}
function lasting(kind, content, options) {
  good(kind, 'at its last moment', content, { ...options, now: content.expiresAt - 1 });
  bad(kind, 'expired', 'expired', content, { ...options, now: content.expiresAt });
  bad(kind, 'before its time', 'not_yet', content, { ...options, now: NOW - 1 });
}

// ---- certificate
const certificate = { x25519: reader.publicKey, expiresAt: NOW + 30 * DAY };
const noApp = { app: ZERO };
common('recipient', certificate, noApp);
lasting('recipient', certificate, noApp);
bad('recipient', 'of an app', 'key', certificate);
bad(
  'recipient',
  'an X25519 key of small order',
  'x25519',
  { ...certificate, x25519: unhex(`01${'00'.repeat(31)}`) },
  noApp,
);
bad('recipient', 'an X25519 key of 31 bytes', 'x25519', { ...certificate, x25519: new Uint8Array(31).fill(9) }, noApp);
bad('recipient', 'expires when it is issued', 'expires', { ...certificate, expiresAt: NOW }, noApp);
bad('recipient', 'without an end', 'expires', { x25519: reader.publicKey }, noApp);
bad('recipient', 'an end that is no integer', 'cbor', { ...certificate, expiresAt: NOW + 0.5 }, noApp);

// ---- policy
const policy = { scopes: ['purchase', '__default_scope'], recipients: 'app', expiresAt: NOW + 365 * DAY };
common('policy', policy);
fresh('policy', policy);
good('policy', 'for two recipients', { ...policy, recipients: [unhex(ed), unhex(sr)] });
good('policy', '__meta by name', { ...policy, scopes: ['__meta'] });
bad('policy', 'no scope', 'scopes', { ...policy, scopes: [] });
bad('policy', 'a scope twice', 'scopes', { ...policy, scopes: ['a', 'a'] });
bad('policy', 'a reserved scope', 'scope', { ...policy, scopes: ['__other'] });
bad('policy', 'recipients is another word', 'recipients', { ...policy, recipients: 'all' });
bad('policy', 'a recipient twice', 'recipients', { ...policy, recipients: [unhex(ed), unhex(ed)] });
bad('policy', 'a recipient of zeros', 'recipients', { ...policy, recipients: [new Uint8Array(32)] });
bad('policy', 'scopes is text', 'scopes', { ...policy, scopes: 'purchase' });
bad('policy', 'signed by the app', 'author', policy, { by: 'app' });
bad('policy', 'an app of zeros', 'key', policy, noApp);

// ---- grant
const grant = {
  grantor: unhex(ed),
  scope: 'purchase',
  fromEpoch: 2,
  recipient: reader.publicKey,
  expiresAt: NOW + 30 * DAY,
};
common('grant', grant);
fresh('grant', grant);
good('grant', '__meta by name, from the first epoch', { ...grant, scope: '__meta', fromEpoch: 0 });
good('grant', 'sr25519', { ...grant, grantor: unhex(sr) }, { by: 'sr' });
bad('grant', 'another grantor', 'grantor', { ...grant, grantor: unhex(sr) });
bad('grant', 'no grantor', 'grantor', {
  scope: 'purchase',
  fromEpoch: 2,
  recipient: reader.publicKey,
  expiresAt: NOW + 1,
});
bad('grant', 'a reserved scope', 'scope', { ...grant, scope: '__proto' });
bad('grant', 'every scope', 'scope', { ...grant, scope: '*' });
bad('grant', 'epoch 2^32', 'epoch', { ...grant, fromEpoch: 4294967296 });
bad('grant', 'epoch -1', 'cbor', { ...grant, fromEpoch: -1 });
bad('grant', 'to a key of zeros', 'x25519', { ...grant, recipient: new Uint8Array(32) });
bad('grant', 'already over', 'expires', { ...grant, expiresAt: NOW - 1 });
bad('grant', 'signed by the app', 'author', grant, { by: 'app' });

// ---- revoke
const revoke = { grant: seeded('grant id', 16) };
common('revoke', revoke);
fresh('revoke', revoke);
bad('revoke', 'an id of 15 bytes', 'grant', { grant: seeded('grant id', 15) });
bad('revoke', 'an id in hex', 'grant', { grant: hex(seeded('grant id', 16)) });
bad('revoke', 'no id', 'grant', {});

// ---- keys
const keys = { scopes: ['purchase', '__meta'], recipient: reader.publicKey };
common('keys', keys);
fresh('keys', keys);
bad('keys', 'no scope', 'scopes', { ...keys, scopes: [] });
bad('keys', 'a scope with a slash', 'scope', { ...keys, scopes: ['a/b'] });
bad('keys', 'to a key of small order', 'x25519', { ...keys, recipient: new Uint8Array(32) });
bad('keys', '65 scopes', 'scopes', { ...keys, scopes: Array.from({ length: 65 }, (_, i) => `s${i}`) });

// ---- erase and reopen, which differ only in what is signed
for (const kind of ['erase', 'reopen']) {
  common(kind, {});
  fresh(kind, {});
  const other = kind === 'erase' ? 'reopen' : 'erase';
  bad(
    kind,
    `signed as ${other}`,
    'signature',
    {},
    { change: { signature: request(other, {}, { id: hex(seeded(`${kind} id`, 16)) }).request.signature } },
  );
  bad(kind, 'no body', 'request_body', {}, { change: { body: undefined } });
  bad(kind, 'an empty body', 'cbor', {}, { raw: new Uint8Array(0) });
  bad(kind, 'a list for a body', 'request_body', {}, { raw: Uint8Array.of(0x80) });
  bad(kind, 'a byte after the body', 'cbor', {}, { raw: Uint8Array.of(0xa0, 0x00) });
  bad(kind, 'a map of indefinite length', 'canonical', {}, { raw: Uint8Array.of(0xbf, 0xff) });
  bad(kind, 'a map whose length takes two bytes', 'canonical', {}, { raw: Uint8Array.of(0xb8, 0x00) });
}

// ---- move
const move = { mode: 'client', subject: seeded('subject'), epoch: 3 };
common('move', move);
fresh('move', move);
good('move', 'back to the service', { ...move, mode: 'service', epoch: 0 });
bad('move', 'mode explicit', 'mode', { ...move, mode: 'explicit' });
bad('move', 'a subject of 31 bytes', 'subject', { ...move, subject: seeded('subject', 31) });
bad('move', 'epoch as text', 'epoch', { ...move, epoch: '3' });
const raw = (...parts) => ({ raw: cat(...parts) });
const text = (word) => cat([0x60 + word.length], utf8(word));
const subjectBytes = cat([0x58, 32], seeded('subject'));
bad(
  'move',
  'map keys in another order',
  'canonical',
  move,
  raw([0xa3], text('epoch'), [3], text('mode'), text('client'), text('subject'), subjectBytes),
);
bad(
  'move',
  'a map key twice',
  'canonical',
  move,
  raw(
    [0xa4],
    text('mode'),
    text('client'),
    text('mode'),
    text('client'),
    text('epoch'),
    [3],
    text('subject'),
    subjectBytes,
  ),
);
bad(
  'move',
  'an epoch that takes one byte more than it needs',
  'canonical',
  move,
  raw([0xa3], text('mode'), text('client'), text('epoch'), [0x18, 3], text('subject'), subjectBytes),
);
bad(
  'move',
  'epoch as a float',
  'cbor',
  move,
  raw(
    [0xa3],
    text('mode'),
    text('client'),
    text('epoch'),
    [0xfb, 0x40, 8, 0, 0, 0, 0, 0, 0],
    text('subject'),
    subjectBytes,
  ),
);
bad(
  'move',
  'mode null',
  'cbor',
  move,
  raw([0xa3], text('mode'), [0xf6], text('epoch'), [3], text('subject'), subjectBytes),
);
bad(
  'move',
  'mode is not UTF-8',
  'utf8',
  move,
  raw([0xa3], text('mode'), [0x62, 0xc3, 0x28], text('epoch'), [3], text('subject'), subjectBytes),
);
bad('move', 'the body is cut short', 'cbor', move, { raw: encode(move).slice(0, -1) });
bad('move', 'a length of 2^32 - 1', 'cbor', move, raw([0xa3], text('mode'), [0x7a, 255, 255, 255, 255]));
bad('move', 'nested beyond any field', 'cbor', move, raw([0xa1], text('mode'), new Uint8Array(600).fill(0x81), [0]));
bad('move', 'a link', 'cbor', move, raw([0xa1], text('mode'), [0xd8, 0x2a, 0x41, 0x00]));

// ---- token
const token = {
  audience: 'https://ddc.example.org',
  operations: ['batches.write', 'events.read'],
  wallet: '*',
  key: unhex(sr),
  expiresAt: NOW + DAY,
};
const byApp = { by: 'app', wallet: ZERO };
common('token', token, byApp);
lasting('token', token, byApp);
const ownToken = { ...token, wallet: unhex(ed) };
good('token', 'signed by the wallet, for itself', ownToken);
good('token', 'signed by the app, for one wallet', ownToken, { by: 'app' });
bad('token', '24 hours and a millisecond', 'expires', { ...token, expiresAt: NOW + DAY + 1 }, byApp);
bad('token', 'signed by the wallet, for all', 'token_wallet', token);
bad('token', 'for another wallet than its own', 'token_wallet', { ...token, wallet: unhex(sr) });
bad('token', 'a wallet in hex', 'token_wallet', { ...token, wallet: ed });
bad('token', 'no operation', 'operations', { ...token, operations: [] }, byApp);
bad('token', 'an operation in capitals', 'operations', { ...token, operations: ['Write'] }, byApp);
bad('token', 'no audience', 'audience', { ...token, audience: '' }, byApp);
bad('token', 'a key of zeros', 'token_key', { ...token, key: new Uint8Array(32) }, byApp);

// ---- a bearer: a token as it is sent, alone or with the one under it
const keySeed = seeded('delegated key');
const key = ed25519.getPublicKey(keySeed);
const oneWallet = { ...token, wallet: unhex(ed), key };
/** The identity's token names the further key. */
const firstToken = (content = {}, options = byApp) => request('token', { ...token, key, ...content }, options).request;
/** The second is signed by that key, in the frame of the first. */
function secondToken(content = {}, { seed = keySeed, ...frame } = {}) {
  const options = { ...byApp, id: hex(seeded('second token', 16)), ...frame };
  const { request: unsigned, message } = request('token', { ...token, key, ...content }, options);
  return { ...unsigned, signature: hex(ed25519.sign(message, seed)) };
}
const encoded = (value) => base64url(utf8(JSON.stringify(value)));
const bearer = (why, value, out, error, now = NOW) =>
  add('bearer', 'bearer', why, { bearer: encoded(value), network: NETWORK, now }, out, error);
const [firstId, secondId] = [hex(seeded('token id', 16)), hex(seeded('second token', 16))];
const selfUsed = { ...token, key: unhex(app) };
const said = { app, wallet: '*', signer: 'app', audience: token.audience };
const whole = { ...said, operations: token.operations, expiresAt: token.expiresAt };
bearer('a token used by the key that signed it', firstToken(selfUsed), {
  ...whole,
  ends: [{ author: app, token: firstId }],
});
const delegatedEnds = [
  { author: app, token: firstId },
  { author: app, token: secondId },
  { author: hex(key), token: secondId },
];
bearer(
  'a delegated one, as wide as the first',
  { chain: [firstToken(), secondToken()] },
  { ...whole, ends: delegatedEnds },
);
const less = { wallet: unhex(ed), operations: ['events.read'], expiresAt: NOW + MINUTE };
bearer(
  'a delegated one that allows less, to one wallet',
  { chain: [firstToken(), secondToken(less, { wallet: ed })] },
  { ...said, wallet: ed, operations: less.operations, expiresAt: less.expiresAt, ends: delegatedEnds },
);
bearer(
  "a wallet's, delegated",
  {
    chain: [firstToken(oneWallet, {}), secondToken(oneWallet, { wallet: ed, signer: 'wallet' })],
  },
  {
    ...whole,
    wallet: ed,
    signer: 'wallet',
    ends: delegatedEnds.map((one) => (one.author === app ? { ...one, author: ed } : one)),
  },
);
bearer('a token that names another key than the one that signed it', firstToken(), undefined, 'token_chain');
bearer('a second token without the first', secondToken(), undefined, 'signature');
const chain = (why, error, ...tokens) => bearer(why, { chain: tokens }, undefined, error);
chain('no token', 'token_chain');
chain('one token', 'token_chain', firstToken(selfUsed));
chain('three tokens', 'token_chain', firstToken(), secondToken(), secondToken());
chain('signed by a stranger', 'signature', firstToken(), secondToken({}, { seed: seeded('stranger wallet') }));
chain('signed by the identity again', 'signature', firstToken(), firstToken(selfUsed));
chain('to yet another key', 'token_chain', firstToken(), secondToken({ key: unhex(sr) }));
chain('one operation more', 'token_chain', firstToken({ operations: ['events.read'] }), secondToken());
chain('a later end', 'token_chain', firstToken({ expiresAt: NOW + MINUTE }), secondToken());
chain('another audience', 'token_chain', firstToken(), secondToken({ audience: 'another' }));
chain('all wallets out of one', 'token_chain', firstToken({ wallet: unhex(ed) }, { by: 'app' }), secondToken());
chain(
  'another wallet',
  'token_chain',
  firstToken({ wallet: unhex(ed) }, { by: 'app' }),
  secondToken({ wallet: unhex(sr) }, { wallet: sr }),
);
chain('another app', 'token_chain', firstToken(), secondToken({}, { app: sr }));
chain(
  'another signer',
  'token_chain',
  firstToken(oneWallet, { by: 'app' }),
  secondToken(oneWallet, { wallet: ed, signer: 'wallet' }),
);
chain('the second before its time', 'not_yet', firstToken(), secondToken({}, { issuedAt: NOW + 1 }));
bearer(
  'the first is over',
  { chain: [firstToken(less, { by: 'app', wallet: ed }), secondToken(less, { wallet: ed })] },
  undefined,
  'expired',
  NOW + MINUTE,
);
bearer('a member beside the chain', { chain: [firstToken(), secondToken()], more: 1 }, undefined, 'token_chain');
add('bearer', 'bearer', 'no JSON', { bearer: base64url(utf8('{')), network: NETWORK, now: NOW }, undefined, 'json');

// ---- disown
const disown = { token: seeded('token id', 16) };
common('disown', disown);
fresh('disown', disown);
good('disown', 'by the app, of a token for all wallets', disown, byApp);
bad('disown', 'by a wallet of zeros', 'key', disown, { wallet: ZERO });
bad('disown', 'an id of 15 bytes', 'token', { token: seeded('token id', 15) });
bad('disown', 'an id as text', 'token', { token: hex(seeded('token id', 16)) });
bad('disown', 'without an id', 'token', {});
bad('disown', 'an app of zeros', 'key', disown, noApp);

// ---- remove
const ids = ['0199dd8d-cba7-7d22-9453-add6ffb93774', '0199dd8d-cba8-7230-adf9-20a7a79ef0f0'];
common('remove', { events: ids });
fresh('remove', { events: ids });
good('remove', 'by time', { from: 0, to: NOW });
good('remove', 'by session', { session: 'a\\b é' });
good('remove', '1000 events', {
  events: Array.from({ length: 1000 }, (_, i) => `0199dd8d-cba7-7d22-9453-${String(i).padStart(12, '0')}`),
});
bad('remove', 'nothing selected', 'selector', {});
bad('remove', 'two ways to select', 'selector', { events: ids, session: 's' });
bad('remove', 'from without to', 'selector', { from: 0 });
bad('remove', 'from is to', 'selector', { from: NOW, to: NOW });
bad('remove', 'an id twice', 'selector', { events: [ids[0], ids[0]] });
bad('remove', 'an id that is no UUIDv7', 'selector', { events: ['0199dd8d-cba7-4d22-9453-add6ffb93774'] });
bad('remove', 'an empty session', 'selector', { session: '' });
bad('remove', 'no list', 'selector', { events: ids[0] });

// ---- associate
const associate = { cluster: 'cere-mainnet' };
common('associate', associate, noApp);
fresh('associate', associate, noApp);
good('associate', 'the longest name', { cluster: '-'.repeat(32) }, noApp);
bad('associate', 'for one app', 'key', associate);
bad('associate', 'a name of 33 characters', 'cluster', { cluster: 'c'.repeat(33) }, noApp);
bad('associate', 'an empty name', 'cluster', { cluster: '' }, noApp);
bad('associate', 'a name in capitals', 'cluster', { cluster: 'Cere' }, noApp);
bad('associate', 'the name as bytes', 'cluster', { cluster: utf8('cere-mainnet') }, noApp);
bad('associate', 'no name', 'cluster', {}, noApp);
bad('associate', 'signed by an app', 'author', associate, { ...noApp, by: 'app' });

// ---- the frame, whatever the kind
const frame = (why, error, change) => {
  const { request: signed } = request('revoke', revoke);
  add('frame', 'request', why, { request: { ...signed, ...change }, network: NETWORK, now: NOW }, undefined, error);
};
frame('an unknown kind', 'kind', { kind: 'transfer' });
frame('a kind of the prototype', 'kind', { kind: 'toString' });
frame('a member too many', 'field', { note: '' });
frame('id in capitals', 'request_id', { id: hex(seeded('revoke id', 16)).toUpperCase() });
frame('wallet of zeros', 'key', { wallet: ZERO });
frame('issuedAt with a fraction', 'number', { issuedAt: NOW + 0.5 });
frame('issuedAt one millisecond later', 'signature', { issuedAt: NOW + 1 });
frame('another algorithm', 'signature', { algorithm: 'sr25519' });
frame('another wrap', 'signature', { wrap: 'bytes' });
frame('an unknown wrap', 'wrap', { wrap: 'hex' });
frame('an unknown algorithm', 'algorithm', { algorithm: 'ecdsa' });
frame('an unknown signer', 'signer', { signer: 'operator' });
frame('body with padding', 'base64url', { body: `${request('revoke', revoke).request.body}==` });
frame('another app', 'signature', { app: ed });
frame('a signature of 63 bytes', 'signature', { signature: '00'.repeat(63) });

// ---- sealed scope keys: crypto_box_seal from its parts
const words = (bytes) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
};
function boxSeal(publicKey, body, label) {
  const ephemeral = seeded(label);
  const own = x25519.getPublicKey(ephemeral);
  const out = new Uint32Array(8);
  hsalsa(
    words(utf8('expand 32-byte k')),
    words(x25519.getSharedSecret(ephemeral, publicKey)),
    words(new Uint8Array(16)),
    out,
  );
  const nonce = blake2b(cat(own, publicKey), { dkLen: 24 });
  return cat(own, xsalsa20poly1305(new Uint8Array(out.buffer), nonce).encrypt(body));
}
const scopeKey = seeded('scope key');
const sealed = boxSeal(reader.publicKey, scopeKey, 'ephemeral');
const opening = (seed, bytes) => ({ seed: hex(seed), sealed: hex(bytes) });
add('sealed_key', 'open_scope_key', 'a scope key', opening(reader.seed, sealed), {
  public_key: hex(reader.publicKey),
  scope_key: hex(scopeKey),
});
add(
  'sealed_key',
  'open_scope_key',
  'another ephemeral key',
  opening(reader.seed, boxSeal(reader.publicKey, scopeKey, 'again')),
  {
    scope_key: hex(scopeKey),
  },
);
const noKey = (why, seed, bytes) =>
  add('sealed_key', 'open_scope_key', why, opening(seed, bytes), undefined, 'sealed_key');
noKey('sealed to another', stranger.seed, sealed);
noKey(
  'ciphertext changed',
  reader.seed,
  sealed.map((byte, i) => (i === 79 ? byte ^ 1 : byte)),
);
noKey(
  'the unused bit of the ephemeral key changed',
  reader.seed,
  sealed.map((byte, i) => (i === 31 ? byte ^ 128 : byte)),
);
noKey('one byte short', reader.seed, sealed.slice(0, -1));
noKey('33 bytes sealed', reader.seed, boxSeal(reader.publicKey, cat(scopeKey, [0]), 'longer'));

// ---- who may have which key
const of = (kind, content, options) => request(kind, content, options).request;
const liveGrant = of('grant', grant);
const livePolicy = of('policy', policy);
const certified = of('recipient', certificate, noApp);
const wanted = [
  { scope: 'purchase', epoch: 1 },
  { scope: 'purchase', epoch: 2 },
  { scope: 'purchase', epoch: 4 },
  { scope: 'purchase', epoch: 5 },
  { scope: '__default_scope', epoch: 2 },
  { scope: '__meta', epoch: 2 },
];
const ask = (fields) => ({
  network: NETWORK,
  grants: [],
  policies: [],
  revocations: [],
  app,
  wallet: ed,
  epoch: 4,
  keys: wanted,
  now: NOW + MINUTE,
  ...fields,
});
const served = (why, fields, list) => add('serve', 'may_serve', why, ask(fields), { served: list });
const nothing = (why, fields) => add('serve', 'may_serve', why, ask(fields), undefined, undefined);
const granted = { grants: [liveGrant], certificate: certified };
const at = (scope, epoch, by) => ({ scope, epoch, by });
served('a grant covers its scope from its first epoch to the newest', granted, [
  at('purchase', 2, liveGrant.id),
  at('purchase', 4, liveGrant.id),
]);
served('a policy covers its scopes for exports of the app, and meta', { policies: [livePolicy], export_of: app }, [
  ...[1, 2, 4].map((epoch) => at('purchase', epoch, livePolicy.id)),
  at('__default_scope', 2, livePolicy.id),
  at('__meta', 2, livePolicy.id),
]);
const named = of('policy', { ...policy, recipients: [unhex(ed)] });
served('a policy for a recipient by name', { policies: [named], certificate: certified }, [
  ...[1, 2, 4].map((epoch) => at('purchase', epoch, named.id)),
  at('__default_scope', 2, named.id),
]);
const metaGrant = of('grant', { ...grant, scope: '__meta' });
served('__meta where it is named', { ...granted, grants: [metaGrant] }, [at('__meta', 2, metaGrant.id)]);
const own = of('keys', keys);
served('the owner has what was asked for', { owner: own }, [
  ...[1, 2, 4].map((epoch) => at('purchase', epoch, own.id)),
  at('__meta', 2, own.id),
]);
served(
  'a revocation of another grant changes nothing',
  { ...granted, revocations: [of('revoke', { grant: seeded('other', 16) })] },
  [at('purchase', 2, liveGrant.id), at('purchase', 4, liveGrant.id)],
);
const foreign = of('revoke', { grant: unhex(liveGrant.id) }, { by: 'sr' });
served('nor does one of another wallet', { ...granted, revocations: [foreign] }, [
  at('purchase', 2, liveGrant.id),
  at('purchase', 4, liveGrant.id),
]);
nothing('the grant has expired', { ...granted, now: grant.expiresAt });
nothing('the certificate has expired', {
  ...granted,
  grants: [of('grant', { ...grant, expiresAt: NOW + 90 * DAY })],
  now: certificate.expiresAt,
});
nothing('the grant was revoked', { ...granted, revocations: [of('revoke', { grant: unhex(liveGrant.id) })] });
nothing('a grant to another key', { ...granted, grants: [of('grant', { ...grant, recipient: stranger.publicKey })] });
nothing('a grant of another wallet', { ...granted, wallet: sr });
nothing('a grant in another app', { ...granted, app: sr });
nothing('no grant', { certificate: certified });
nothing('a policy for exports gives a recipient nothing', { policies: [livePolicy], certificate: certified });
nothing('nor an export of another app', { policies: [livePolicy], export_of: ed });
nothing("nor an operator's export of all apps", { policies: [livePolicy], export_of: null });
nothing('a grant gives an export nothing', { grants: [liveGrant], export_of: app });
nothing('the policy was revoked', {
  policies: [livePolicy],
  export_of: app,
  revocations: [of('revoke', { grant: unhex(livePolicy.id) })],
});
const ended = of(
  'policy',
  { ...policy, expiresAt: NOW + 1001 },
  { issuedAt: NOW + 1000, id: hex(seeded('later', 16)) },
);
nothing('an expired policy does not bring back the one before it', { policies: [livePolicy, ended], export_of: app });
nothing('keys of an epoch that has not begun', { ...granted, keys: [{ scope: 'purchase', epoch: 5 }] });
nothing("another owner's request", { owner: own, wallet: sr });

// ---- receipts: what the operator states about an erasure
const receiptSeed = seeded('receipt key');
const receiptKey = hex(ed25519.getPublicKey(receiptSeed));
const receiptMessage = (network, payload) => cat(utf8('cere-ddc:receipt:v1\n'), lp(utf8(network)), lp(payload));
/** `raw`: the payload's bytes instead of what it states. */
function receiptOf(stated, { raw: payload = encode(stated), by = receiptSeed, network = NETWORK } = {}) {
  return {
    payload: base64url(payload),
    key: hex(ed25519.getPublicKey(by)),
    signature: hex(ed25519.sign(receiptMessage(network, payload), by)),
  };
}
const erasure = {
  v: 1,
  kind: 'erasure',
  network: NETWORK,
  app: unhex(app),
  wallet: unhex(ed),
  request: { id: seeded('erase id', 16), hash: seeded('erase hash'), issuedAt: NOW },
  number: 1,
  completedAt: NOW + MINUTE,
  fence: { partition: 3, offset: 4711 },
  rootVersions: [1, 2],
  unreadable: ['received', 'dead letters', 'encrypted', 'pinned', 'ipfs'],
  deleted: ['index'],
  exports: { applied: ['lake'], pending: ['search'] },
  untilRetention: { topics: ['received', 'encrypted', 'pinned', 'dead letters'], days: 30 },
  untilKekRotation: { what: ['write-ahead log', 'dead tuples', 'backups'], days: 7 },
  physicalRemoval: 'pending',
  outOfReach: { keysGiven: 1, clientMode: 0 },
};
const laterErasure = { ...erasure, number: 2, completedAt: NOW + DAY, exports: { applied: ['search'], pending: [] } };
const checking = (receipt, change = {}) => ({ receipt, network: NETWORK, key: receiptKey, ...change });
function receiptHolds(why, stated) {
  add('receipt', 'receipt', why, checking(receiptOf(stated)), { stated: shown(stated) });
  add(
    'receipt',
    'sign_receipt',
    `${why}, made here as there`,
    { network: NETWORK, seed: hex(receiptSeed), stated: marked(stated) },
    receiptOf(stated),
  );
}
const noReceipt = (why, error, receipt, change) =>
  add('receipt', 'receipt', why, checking(receipt, change), undefined, error);
const receipt = receiptOf(erasure);
receiptHolds('the receipt of an erasure', erasure);
receiptHolds('the next one, when the last export has reported', laterErasure);
receiptHolds('where somebody else keeps the keys, no days are promised', {
  ...erasure,
  untilKekRotation: { what: ['write-ahead log', 'dead tuples', 'backups'] },
});
receiptHolds('of a wallet that encrypted by itself, without an export', {
  ...erasure,
  exports: { applied: [], pending: [] },
  outOfReach: { keysGiven: 0, clientMode: 1 },
});
noReceipt('the signature changed', 'signature', { ...receipt, signature: flip(receipt.signature, 9) });
noReceipt('another payload under the signature', 'signature', { ...receipt, payload: receiptOf(laterErasure).payload });
noReceipt('of another network', 'signature', receipt, { network: 'cere-mainnet' });
noReceipt('signed for another network', 'signature', receiptOf(erasure, { network: 'cere-mainnet' }));
noReceipt('signed by a stranger, who says so', 'receipt', receiptOf(erasure, { by: seeded('stranger wallet') }));
noReceipt('signed by a stranger in the name of the key', 'signature', {
  ...receiptOf(erasure, { by: seeded('stranger wallet') }),
  key: receiptKey,
});
noReceipt('another key is pinned', 'receipt', receipt, { key: ed });
noReceipt('the key in capitals', 'receipt', { ...receipt, key: receipt.key.toUpperCase() });
noReceipt('a signature of 63 bytes', 'receipt', { ...receipt, signature: receipt.signature.slice(2) });
noReceipt('no payload', 'receipt', { ...receipt, payload: undefined });
noReceipt('a member too many', 'field', { ...receipt, note: '' });
noReceipt('a payload with padding', 'base64url', { ...receipt, payload: `${receipt.payload}==` });
noReceipt('a list is stated', 'receipt', receiptOf(['erasure']));
noReceipt('a byte after what is stated', 'cbor', receiptOf(undefined, { raw: cat(encode(erasure), [0]) }));
noReceipt('a map of indefinite length', 'canonical', receiptOf(undefined, { raw: Uint8Array.of(0xbf, 0xff) }));
noReceipt('an empty payload', 'cbor', receiptOf(undefined, { raw: new Uint8Array(0) }));

const valid = cases.filter((one) => one.valid).length;
const file = {
  title: 'cere-ddc signed requests, certificates, grants and receipts v1 vectors',
  encoding:
    'byte strings are lower-case hex, bodies base64url; in a content to be signed {bytes: hex} is a byte string; `error` names the check that fails, any refusal is right; now is in milliseconds',
  source: 'test/vectors/make-requests.mjs',
  counts: { cases: cases.length, valid, invalid: cases.length - valid },
  cases,
};
writeFileSync(new URL('requests-v1.json', import.meta.url), `${JSON.stringify(file, null, 1)}\n`);
console.log(`${cases.length} cases, ${cases.length - valid} of them negative`);
console.log(JSON.stringify(counts));
