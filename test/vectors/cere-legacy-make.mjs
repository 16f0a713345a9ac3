// A second implementation of the four generations before v1, on @noble: it shares no code with protocol/.
// `node test/vectors/cere-legacy-make.mjs` writes cere-legacy.json anew, always the same bytes. Published values stand here as they were
// published, and the script fails when this implementation does not reproduce them; the rest is derived.
import { writeFileSync } from 'node:fs';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { blake2b } from '@noble/hashes/blake2.js';

const utf8 = (text) => new Uint8Array(Buffer.from(text, 'utf8'));
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const unhex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
const cat = (...parts) => new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
const h256 = (message, key) => blake2b(message, { dkLen: 32, key });
const seeded = (label, size) => h256(utf8(`cere legacy vectors ${label}`)).subarray(0, size);
const ZERO = new Uint8Array(24);

const KEY = {
  G1: (master, scope) => h256(cat(master, utf8(scope))),
  G2: (master, path) => h256(cat(master, utf8(path))),
  G3: (master, path) => h256(utf8(path), master),
  G4: (master, path) => h256(cat(master, utf8('/'), utf8(path))),
};
const withNonce = (key, nonce, text) => hex(cat(nonce, xchacha20poly1305(key, nonce).encrypt(utf8(text))));
const SEAL = {
  G1: withNonce,
  G2: withNonce,
  G3: (key, _nonce, text) => hex(xchacha20poly1305(key, ZERO).encrypt(utf8(text))).toUpperCase(),
  G4: (key, _nonce, text) => `0x${hex(xsalsa20poly1305(key, ZERO).encrypt(utf8(text)))}`,
};
function open(generation, key, text) {
  const bytes = unhex(text.replace(/^0x/, ''));
  const plain =
    generation === 'G4'
      ? xsalsa20poly1305(key, ZERO).decrypt(bytes)
      : generation === 'G3'
        ? xchacha20poly1305(key, ZERO).decrypt(bytes)
        : xchacha20poly1305(key, bytes.subarray(0, 24)).decrypt(bytes.subarray(24));
  return Buffer.from(plain).toString('utf8');
}
const seal = (generation, master, place, text, label = place) =>
  SEAL[generation](KEY[generation](master, place), seeded(`${generation} ${label}`, 24), text);
/** The same ciphertext with its last digit changed; keeps the case of its generation. */
const changed = (text) => {
  const last = Number.parseInt(text.at(-1), 16) ^ 1;
  const digit = last.toString(16);
  return text.slice(0, -1) + (/[A-F]/.test(text) ? digit.toUpperCase() : digit);
};

const KOTLIN = 'Cerebellum-Network/ddc-encryption-impl-kotlin (MIT), its published tests';
const PUBLISHED = {
  G1: `${KOTLIN} at commit 77dcc79`,
  G2: `${KOTLIN} at commit 122671b`,
  G3: `${KOTLIN} at commit 50a82f2`,
  G4: `${KOTLIN} at commit a4ffe95`,
};
const VIEWER = 'Cerebellum-Network/ddc-data-viewer (MIT), its published test';
const DERIVED = 'derived, not published';

const cases = [];
const counts = {};
function add(generation, op, why, source, input, rest) {
  counts[generation] = (counts[generation] ?? 0) + 1;
  const id = `${generation}-${String(counts[generation]).padStart(2, '0')}`;
  const negative = typeof rest === 'string';
  cases.push({ id, op, valid: !negative, why, source, in: input, ...(negative ? { error: rest } : { out: rest }) });
}
function check(what, actual, wanted) {
  if (actual !== wanted) throw new Error(`${what}: this implementation does not reproduce what was published`);
}
const keyCase = (generation, text, place, published) => {
  check(`${generation} key of ${place}`, hex(KEY[generation](utf8(text), place)), published);
  const input = { generation, master: text, place };
  add(generation, 'legacy_key', `key of ${place}`, PUBLISHED[generation], input, { key: published });
};
const accept = (generation, why, source, input, out) => {
  const asked = { generation: 'auto', ...input };
  add(generation, 'legacy_decode', why, source, asked, { generation, ...out });
};
const refuse = (generation, why, code, input) => add(generation, 'legacy_decode', why, DERIVED, input, code);

const SHORT = 'super-secret';
const short = utf8(SHORT);
const LONG = 'super-secret-key'.repeat(2);
const long = utf8(LONG);

// ---- G1
keyCase('G1', SHORT, 'geo_location', 'dd88bb36437495f1ae0f857abb5c0fe33bd17a73ee48da372637dabf40a84d0c');
keyCase('G1', SHORT, 'private_info', 'e661a2888f75ca33b9b74cefd2b88559b2ea595da8fc01128a06069d8bab62ae');
keyCase('G1', SHORT, '__default_scope', 'c9ab4a99fbbb89b4e51fffc9b42b80ce50788db93edaa5b3fa991d756b6164e4');
const geo =
  '9a349278dd296d7341ffc874e222f122de2bc010ac5ebc16e3987827f33d6733ef41c02dfeea41be2cf5484761d41a8e3e3c1fb8396223aebe';
const info =
  '8597e2a6b3afed0c03d55ff4ecee64cf8c8556de5491ccf3d753f01f21bec038fe4b92a0639199da5a4572d6ab545c825fc719371a654e919608fe69a01188a5dddff40ee89caf2addc69d2c40245e7ddb7060365acb4348a5acf814dacf180d4e176b8e12ed08593338cb789830eaed2b64c6';
const rest =
  'edbbc40a181b945e6c4033226041a269c8e59dd2c982fb51dea5d5a9f091c5fee3586065d88a2b15552d5af4424dc0e315e4721ff8136c137c';
const raw = '7fd7abf981e2785c4e22b46c35e1e76b5be3b139afa80a8fcb7270db10b7c96b34b2c364107822612a0dd1';
const infoText = '{"name":{"first":"John","second":"Doe"},"dob":"09-12-1988","address":"abc"}';
for (const [scope, ciphertext, text] of [
  ['geo_location', geo, '{"address":"abc"}'],
  ['private_info', info, infoText],
  ['__default_scope', rest, '{"event":"CLICK"}'],
  ['__default_scope', raw, 'abc'],
])
  check(`G1 ${scope}`, open('G1', KEY.G1(short, scope), ciphertext), text);
const three = JSON.stringify({ geo_location: geo, private_info: info, __default_scope: rest });
accept(
  'G1',
  'three scopes, the field that two share once',
  PUBLISHED.G1,
  { master: SHORT, data: three },
  {
    plaintext: '{"address":"abc","name":{"first":"John","second":"Doe"},"dob":"09-12-1988","event":"CLICK"}',
    form: 'document',
    scopes: { geo_location: '{"address":"abc"}', private_info: infoText, __default_scope: '{"event":"CLICK"}' },
    warnings: [],
  },
);
accept(
  'G1',
  'one scope of three, by name',
  PUBLISHED.G1,
  { master: SHORT, data: three, path: 'geo_location' },
  { plaintext: '{"address":"abc"}', form: 'document', warnings: [] },
);
accept(
  'G1',
  'one scope of three, by its path in the document',
  PUBLISHED.G1,
  { master: SHORT, data: three, path: '$.geo_location' },
  { plaintext: '{"address":"abc"}', form: 'document', warnings: [] },
);
accept(
  'G1',
  'one ciphertext with the name of its scope',
  PUBLISHED.G1,
  { generation: 'G1', master: SHORT, data: geo, path: 'geo_location' },
  { plaintext: '{"address":"abc"}', form: 'document', warnings: [] },
);
accept(
  'G1',
  'data that is no JSON: the default scope alone',
  PUBLISHED.G1,
  { master: SHORT, data: JSON.stringify({ __default_scope: raw }) },
  { plaintext: 'abc', form: 'raw', warnings: [] },
);
const viewer =
  '9e2ab7b56f5ac18e04f7375bf71891ebb774f8cb2655a90afbc44a60e143067036ba877c0fc40c7eaf165a5199c929a3ae8aa80dabab83f4b5e72cea94b36b376ae5e9e18b56183c24ebef00078dd6de035f8008b8ab30a35ab33fb1aead70e0a72fa3964e3095f1a0432453ad911c6ff8a40c6f4187e911910f8f879d4cadcf34bf7a56af9b2bad3f15f42fbbd343851bb031bbc93995ed5843de202f1964f7bb0e21b1b6eff0353b28f1ed2eb86da300363d9b17d0d2a3a2135b9214442f7ac4e6974cab4f2425222e8a4a5f54e82c3fd6d9dd31ed486861bf7cc6e0d2bf9d4da610bd0f702813ba624e0ce09ab31ec706dd01f1473ed8cf9b44f74712946863f599c145b78167e76b0ce6b3746ea3cedc8278365dc0dbd95da87864f2bced21fbfa86b63c87edd96822052d2f6c3f4e91cb673cac0dbc79fc2ee5dc1110a96f18a54295a6892d42f8353548595895d20f0bf8304f086c80694c4e143fa4117117551cc7dfebc6c1576c8b259e411d84d1f9f117b98f8183698181115bf86dd748b5cfc3009d4e925ddc7d8eb41ada7ad9b1163c2cd1f0e45e';
const viewerText = open('G1', KEY.G1(new Uint8Array(32), '__uncategorized'), viewer);
check('G1 viewer', JSON.parse(viewerText).timestamp, '2021-02-18T08:30:51.647Z');
accept(
  'G1',
  'the viewer: a master of 32 bytes in hex, fields of no scope in __uncategorized',
  VIEWER,
  { master: '00'.repeat(32), data: JSON.stringify({ __uncategorized: viewer }) },
  { plaintext: viewerText, form: 'document', master: 'hex', warnings: [] },
);
const clash = (a, b) =>
  JSON.stringify({ a: seal('G1', short, 'a', a, `a${a}`), __uncategorized: seal('G1', short, '__uncategorized', b) });
accept(
  'G1',
  'the viewer merges deeply, the last value wins',
  DERIVED,
  { master: SHORT, data: clash('{"p":{"x":1,"y":1}}', '{"p":{"y":2}}') },
  { plaintext: '{"p":{"x":1,"y":2}}', form: 'document', warnings: [] },
);
accept(
  'G1',
  'the library takes the first value, and that is said',
  DERIVED,
  { master: SHORT, data: clash('{"p":{"x":1,"y":1}}', '{"p":{"y":2}}'), merge: 'first' },
  { plaintext: '{"p":{"x":1,"y":1}}', form: 'document', warnings: ['first_wins'] },
);
accept(
  'G1',
  'scopes that are not all JSON objects are joined',
  DERIVED,
  {
    master: SHORT,
    data: JSON.stringify({ a: seal('G1', short, 'a', 'abc', 'join'), b: seal('G1', short, 'b', '{}', 'join') }),
  },
  { plaintext: 'abc{}', form: 'raw', warnings: ['joined'] },
);
const fields = { price: 12, city: 'Bern', page: '/' };
const nonces = [seeded('encode 1', 24), seeded('encode 2', 24), seeded('encode 3', 24)];
const sealed = (scope, nonce, text) => withNonce(KEY.G1(short, scope), nonce, text);
add(
  'G1',
  'legacy_encode',
  'a field in two scopes, the rest by default',
  DERIVED,
  {
    master: SHORT,
    data: JSON.stringify(fields),
    scopes: { pay: ['price', 'city'], geo: ['city'], none: ['absent'] },
    nonces: nonces.map(hex),
  },
  {
    document: {
      pay: sealed('pay', nonces[0], '{"price":12,"city":"Bern"}'),
      geo: sealed('geo', nonces[1], '{"city":"Bern"}'),
      __default_scope: sealed('__default_scope', nonces[2], '{"page":"/"}'),
    },
  },
);
add(
  'G1',
  'legacy_encode',
  'no JSON: whole',
  DERIVED,
  { master: SHORT, data: 'abc', scopes: { pay: ['price'] }, nonces: [hex(nonces[0])] },
  { document: { __default_scope: sealed('__default_scope', nonces[0], 'abc') } },
);
const salts = ['01'.repeat(16), '02'.repeat(16), '03'.repeat(16)];
const about = { id: '01890a5d-ac96-774b-bcce-b302099a8057', type: 'click', time: '2023-06-30T12:00:00.000Z' };
add(
  'G1',
  'legacy_event',
  'a document as an event keeps scopes and texts',
  DERIVED,
  { master: SHORT, data: three, event: about, salts },
  {
    event: {
      ...about,
      scopes: {
        geo_location: { salt: salts[0], data: '{"address":"abc"}' },
        private_info: { salt: salts[1], data: infoText },
        __default_scope: { salt: salts[2], data: '{"event":"CLICK"}' },
      },
    },
  },
);
add(
  'G1',
  'legacy_event',
  'the scope of the viewer gets the name that v1 allows',
  DERIVED,
  { master: '00'.repeat(32), data: JSON.stringify({ __uncategorized: viewer }), event: about, salts },
  { event: { ...about, scopes: { __default_scope: { salt: salts[0], data: viewerText } } } },
);
const named = (name) => JSON.stringify({ [name]: seal('G1', short, name, '{"a":1}') });
add(
  'G1',
  'legacy_event',
  'a scope name that v1 does not allow, given a new one',
  DERIVED,
  { master: SHORT, data: named('geo location'), event: about, salts, rename: { 'geo location': 'geo' } },
  { event: { ...about, scopes: { geo: { salt: salts[0], data: '{"a":1}' } } } },
);
refuse('G1', 'a changed tag', 'tag', {
  generation: 'G1',
  master: SHORT,
  data: JSON.stringify({ geo_location: changed(geo) }),
});
refuse('G1', 'one scope of three changed: nothing is shown', 'tag', {
  generation: 'auto',
  master: SHORT,
  data: JSON.stringify({ geo_location: geo, private_info: changed(info) }),
});
refuse('G1', 'another master', 'legacy_generation', { generation: 'auto', master: 'secret', data: three });
refuse('G1', 'the ciphertext of another scope', 'tag', {
  generation: 'G1',
  master: SHORT,
  data: JSON.stringify({ private_info: geo }),
});
refuse('G1', 'an empty master', 'legacy_master', { generation: 'G1', master: '', data: three });
refuse('G1', 'upper-case hex', 'hex', {
  generation: 'G1',
  master: SHORT,
  data: JSON.stringify({ geo_location: geo.toUpperCase() }),
});
refuse('G1', 'shorter than nonce and tag', 'length', {
  generation: 'G1',
  master: SHORT,
  data: JSON.stringify({ geo_location: geo.slice(0, 78) }),
});
refuse('G1', 'an odd number of digits', 'hex', {
  generation: 'G1',
  master: SHORT,
  data: JSON.stringify({ geo_location: geo.slice(1) }),
});
refuse('G1', 'a scope that is no text', 'legacy_document', { generation: 'G1', master: SHORT, data: '{"a":1}' });
refuse('G1', 'no scope', 'legacy_document', { generation: 'G1', master: SHORT, data: '{}' });
refuse('G1', 'a list', 'legacy_document', { generation: 'G1', master: SHORT, data: '[]' });
refuse('G1', 'a scope that is not there', 'legacy_path', { generation: 'G1', master: SHORT, data: three, path: 'geo' });
refuse('G1', 'a path below a scope', 'legacy_path', {
  generation: 'G1',
  master: SHORT,
  data: three,
  path: '$.geo_location.address',
});
refuse('G1', 'a scope called __proto__', 'proto', {
  generation: 'G1',
  master: SHORT,
  data: `{"__proto__":"${geo}"}`,
});
refuse('G1', 'a field called __proto__ would change the merged document', 'proto', {
  generation: 'G1',
  master: SHORT,
  data: JSON.stringify({
    a: seal('G1', short, 'a', '{"__proto__":{"x":1}}', 'proto'),
    b: seal('G1', short, 'b', '{}', 'proto'),
  }),
});
const encode = (why, code, input) =>
  add('G1', 'legacy_encode', why, DERIVED, { master: SHORT, data: '{"a":1,"b":2}', nonces: [], ...input }, code);
encode('a nonce of zeros', 'nonce', { nonces: ['00'.repeat(24)] });
encode('the same nonce twice', 'nonce', { scopes: { x: ['a'] }, nonces: [hex(nonces[0]), hex(nonces[0])] });
encode('a short nonce', 'nonce', { nonces: ['11'.repeat(12)] });
encode('an empty master', 'legacy_master', { master: '', nonces: [hex(nonces[0])] });
encode('a reserved scope', 'scope', { scopes: { __meta: ['a'] }, nonces: nonces.map(hex) });
const event = (why, code, input) =>
  add('G1', 'legacy_event', why, DERIVED, { master: SHORT, data: three, event: about, salts, ...input }, code);
event('a scope name that v1 does not allow', 'scope', { data: named('geo location') });
event('two scopes under one name', 'scope', { rename: { private_info: 'geo_location' } });
event('another master', 'tag', { master: 'secret' });
event('an id that is none', 'id', { event: { ...about, id: '1' } });

// ---- G2
keyCase('G2', LONG, '$.k1', '0ae19ba1e42a63aefea507a19df00ffc962bc894b3fb720723d45e456f636977');
keyCase('G2', LONG, '$.k3.k4', 'fd6dc3ab97230e17e75266493ebae617556f83d83851f1a8f061629dbd7c08ef');
const k1 = '0fa7e2cc912228f89df09b783ec3e9114fbafd2a5836f692392793eb6ec3db133b9b62ef9b3539defcd7';
const k4 = '49be07e70fb439e3bd19d1307dce5e8e32cca231065955b869e0c521a2043b2f93a0f9195ff606a989115002';
const k8 = '2e98a7462fe1017b65de4104abd29ff2e10c6782e8ab6cc44e96766cfe31e08650b6f45ea7ca3e7fc7b671';
const rawG2 = 'aeafd33394bd45142dec4134e6cb71927634e9b31deed4f725fd5210ce8d65b5f2161cff5701dfe1243009df7576053d';
check('G2 $.k1', open('G2', KEY.G2(long, '$.k1'), k1), 'v1');
check('G2 $.k3.k4', open('G2', KEY.G2(long, '$.k3.k4'), k4), 'true');
check('G2 $.k6.k7.k8', open('G2', KEY.G2(long, '$.k6.k7.k8'), k8), '123');
check('G2 raw', open('G2', long, rawG2), 'raw data');
const tree = (a, b, c, list = ['v5', 'v5']) =>
  JSON.stringify({ k1: a, k2: 'v2', k3: { k4: b, k5: list }, k6: { k7: { k8: c } } });
const partly = '{"k1":"v1","k2":"v2","k3":{"k4":"true","k5":["v5","v5"]},"k6":{"k7":{"k8":"123"}}}';
accept(
  'G2',
  'a document encrypted in part: types are lost, the rest is as it was',
  PUBLISHED.G2,
  { master: LONG, data: tree(k1, k4, k8) },
  { plaintext: partly, form: 'document', warnings: ['types_lost', 'left_as_is'] },
);
accept(
  'G2',
  'the master in hex, one path',
  PUBLISHED.G2,
  { master: hex(long), data: tree(k1, k4, k8), path: '$.k1' },
  { plaintext: tree('v1', k4, k8), form: 'document', warnings: [] },
);
accept(
  'G2',
  'one ciphertext with its path',
  PUBLISHED.G2,
  { master: LONG, data: k4, path: '$.k3.k4' },
  { plaintext: 'true', form: 'raw', warnings: ['types_lost'] },
);
accept(
  'G2',
  'data that is no JSON: the master itself is the key',
  PUBLISHED.G2,
  { master: LONG, data: rawG2 },
  { plaintext: 'raw data', form: 'raw', warnings: [] },
);
accept(
  'G2',
  'the same as bytes, as the library gave it',
  PUBLISHED.G2,
  { master: LONG, data_hex: rawG2 },
  { plaintext: 'raw data', form: 'raw', warnings: [] },
);
const flat = (generation, master, values) =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(values).map(([name, text]) => [name, seal(generation, master, `$.${name}`, text)]),
    ),
  );
accept(
  'G2',
  'a flat document has the form of G1; the tag tells',
  DERIVED,
  { master: SHORT, data: flat('G2', short, { a: 'x', b: 'ü' }) },
  { plaintext: '{"a":"x","b":"ü"}', form: 'document', warnings: [] },
);
accept(
  'G2',
  'a selector over a list',
  DERIVED,
  {
    master: SHORT,
    path: '$.k[*]',
    data: JSON.stringify({ k: [seal('G2', short, '$.k[0]', 'a'), seal('G2', short, '$.k[1]', 'b')], z: 'z' }),
  },
  { plaintext: '{"k":["a","b"],"z":"z"}', form: 'document', warnings: [] },
);
refuse('G2', 'a changed tag', 'tag', { generation: 'G2', master: LONG, data: tree(changed(k1), k4, k8) });
refuse('G2', 'a leaf moved to another place', 'tag', { generation: 'G2', master: LONG, data: tree(k1, k8, k8) });
refuse('G2', 'one leaf of three changed, found without being told the generation', 'tag', {
  generation: 'auto',
  master: LONG,
  data: tree(k1, k4, changed(k8)),
});
refuse('G2', 'another master', 'legacy_generation', { generation: 'auto', master: SHORT, data: tree(k1, k4, k8) });
refuse('G2', 'a path that selects plain text', 'hex', {
  generation: 'G2',
  master: LONG,
  data: tree(k1, k4, k8),
  path: '$.k2',
});
refuse('G2', 'a path that is not there', 'legacy_path', {
  generation: 'G2',
  master: LONG,
  data: tree(k1, k4, k8),
  path: '$.k9',
});
refuse('G2', 'no path', 'legacy_path', { generation: 'G2', master: LONG, data: tree(k1, k4, k8), path: '$.k3[' });
refuse('G2', 'raw data under a master that is no key', 'legacy_master', {
  generation: 'G2',
  master: SHORT,
  data: rawG2,
});
refuse('G2', 'nothing encrypted', 'legacy_document', { generation: 'G2', master: LONG, data: '{"a":"b"}' });
refuse('G2', 'a member called __proto__', 'proto', {
  generation: 'G2',
  master: LONG,
  data: `{"__proto__":{"a":"${k1}"}}`,
});

// ---- G3
keyCase('G3', SHORT, '$.k1', '5c89065a2389230627757f38b29d8b6f5927f5aa06a1176e97d117fda613af96');
keyCase('G3', SHORT, '$.k3.k4', 'e1727cd305eb4189329ededdfc7ac7b79c1fe66854d451e9600819a6d75b1b5f');
keyCase('G3', SHORT, '$', '80acd97a9fa49a16bce645981a7ab0e13ffe07d1e95bbf6bbfb9dd2db081ecf5');
const c1 = '9F8FCDFA7136E85C49106FCAC32A6EB6D9B1';
const c4 = '55D504384CE68448D8EF349DB391A30447439C13';
const c8 = '72F3E2BBAE18C1D2F4710D4ABBBDFA48F31589';
const rawG3 = '38F106C87D8C6C259EC39ABFB65B6F79EBD5C0C1F3D1689B';
check('G3 $.k1', open('G3', KEY.G3(short, '$.k1'), c1), 'v1');
check('G3 $.k3.k4', open('G3', KEY.G3(short, '$.k3.k4'), c4), 'true');
check('G3 $.k6.k7.k8', open('G3', KEY.G3(short, '$.k6.k7.k8'), c8), '123');
check('G3 raw', open('G3', KEY.G3(short, '$'), rawG3), 'raw data');
accept(
  'G3',
  'a document encrypted in part',
  PUBLISHED.G3,
  { master: SHORT, data: tree(c1, c4, c8) },
  { plaintext: partly, form: 'document', warnings: ['fixed_nonce', 'types_lost', 'left_as_is'] },
);
accept(
  'G3',
  'data that is no JSON, the master in hex',
  PUBLISHED.G3,
  { master: hex(short), data: rawG3 },
  { plaintext: 'raw data', form: 'raw', master: 'hex', warnings: ['fixed_nonce'] },
);
accept(
  'G3',
  'one ciphertext with its path',
  PUBLISHED.G3,
  { master: SHORT, data: c1, path: '$.k1' },
  { plaintext: 'v1', form: 'raw', warnings: ['fixed_nonce'] },
);
accept(
  'G3',
  'a list of lists; null and the empty text',
  DERIVED,
  {
    master: SHORT,
    data: JSON.stringify([[seal('G3', short, '$[0][0]', 'null')], seal('G3', short, '$[1]', '')]),
  },
  { plaintext: '[["null"],""]', form: 'document', warnings: ['fixed_nonce', 'types_lost'] },
);
accept(
  'G3',
  'a selector below one member',
  DERIVED,
  { master: LONG, path: '$.a..*', data: JSON.stringify({ a: { b: seal('G3', long, '$.a.b', 'x') }, c: 'AB' }) },
  { plaintext: '{"a":{"b":"x"},"c":"AB"}', form: 'document', warnings: ['fixed_nonce'] },
);
refuse('G3', 'a changed tag', 'tag', { generation: 'G3', master: SHORT, data: changed(rawG3) });
refuse('G3', 'the ciphertext of another path', 'tag', { generation: 'G3', master: SHORT, data: c1, path: '$.k2' });
refuse('G3', 'another master', 'legacy_generation', { generation: 'auto', master: 'secret', data: tree(c1, c4, c8) });
refuse('G3', 'lower-case hex', 'hex', { generation: 'G3', master: SHORT, data: c1.toLowerCase(), path: '$.k1' });
refuse('G3', 'shorter than a tag', 'length', { generation: 'G3', master: SHORT, data: c1.slice(0, 30) });
refuse('G3', 'a master longer than a BLAKE2b key', 'legacy_master', {
  generation: 'G3',
  master: LONG.repeat(3),
  data: rawG3,
});
refuse('G3', 'the form of G4', 'hex', { generation: 'G3', master: SHORT, data: `0x${rawG3}` });
refuse('G3', 'a value deeper than any document', 'depth', {
  generation: 'G3',
  master: SHORT,
  data: `${'['.repeat(300)}"${c1}"${']'.repeat(300)}`,
});

// ---- G4
keyCase('G4', SHORT, '$', '18bbe83a52beab7a8dc17287613bfdebfe76128c69fa64a6c878515570b26816');
const e1 = '0x2db8c357ae04d19429e6d23653f7a6ea309c';
const e2 = '0xec901437e6b92cafc53bef3621456fcffe91';
const e4 = '0x2858640a3c7ac24672a9939f8908c348407305d5';
const e5 = ['0x2c715eca6aaa71116546e141ea806f16d936', '0x50acfe925e07ac3e75060b85e1d67e2c5e09'];
const e8 = '0xf3222430dad86f3abb8ca45ff16d3f5edb87f6';
const rawG4 = '0x0a5bf15c177ef4facbc154746b55d3d1ee89cfc5f2e05b7b';
for (const [path, ciphertext, text] of [
  ['$.k1', e1, 'v1'],
  ['$.k2', e2, 'v2'],
  ['$.k3.k4', e4, 'true'],
  ['$.k3.k5[0]', e5[0], 'v5'],
  ['$.k3.k5[1]', e5[1], 'v5'],
  ['$.k6.k7.k8', e8, '123'],
]) {
  check(`G4 ${path}`, open('G4', KEY.G4(short, path), ciphertext), text);
  check(`G4 ${path}, sealed`, seal('G4', short, path, text), ciphertext);
  const lost = text === 'true' || text === '123' ? ['fixed_nonce', 'types_lost'] : ['fixed_nonce'];
  accept(
    'G4',
    `the leaf at ${path}`,
    PUBLISHED.G4,
    { master: SHORT, data: ciphertext, path },
    { plaintext: text, form: 'raw', warnings: lost },
  );
}
check('G4 raw', open('G4', KEY.G4(short, '$'), rawG4), 'raw data');
accept(
  'G4',
  'data that is no JSON',
  PUBLISHED.G4,
  { master: SHORT, data: rawG4 },
  { plaintext: 'raw data', form: 'raw', warnings: ['fixed_nonce'] },
);
accept(
  'G4',
  'a whole document',
  PUBLISHED.G4,
  { master: SHORT, data: JSON.stringify({ k1: e1, k2: e2, k3: { k4: e4, k5: e5 }, k6: { k7: { k8: e8 } } }) },
  { plaintext: partly, form: 'document', warnings: ['fixed_nonce', 'types_lost'] },
);
accept(
  'G4',
  'only below one member, the rest was never encrypted',
  PUBLISHED.G4,
  { master: SHORT, data: `{"k1":"v1","k3":{"k4":"${e4}","k5":["${e5[0]}","${e5[1]}"]},"n":123}`, path: '$.k3..*' },
  {
    plaintext: '{"k1":"v1","k3":{"k4":"true","k5":["v5","v5"]},"n":123}',
    form: 'document',
    warnings: ['fixed_nonce', 'types_lost'],
  },
);
refuse('G4', 'a changed tag', 'tag', { generation: 'G4', master: SHORT, data: changed(rawG4) });
refuse('G4', 'the ciphertext of another path', 'tag', { generation: 'G4', master: SHORT, data: e1, path: '$.k2' });
refuse('G4', 'another master', 'legacy_generation', { generation: 'auto', master: 'secret', data: rawG4 });
refuse('G4', 'without its prefix', 'hex', { generation: 'G4', master: SHORT, data: e1.slice(2), path: '$.k1' });
refuse('G4', 'upper-case digits', 'hex', {
  generation: 'G4',
  master: SHORT,
  data: `0x${e1.slice(2).toUpperCase()}`,
  path: '$.k1',
});
refuse('G4', 'shorter than a tag', 'length', { generation: 'G4', master: SHORT, data: e1.slice(0, 32) });
refuse('G4', 'one leaf of many changed', 'tag', {
  generation: 'auto',
  master: SHORT,
  data: JSON.stringify({ k1: e1, k2: changed(e2) }),
});
refuse('G4', 'a ciphertext of no generation', 'legacy_generation', {
  generation: 'auto',
  master: SHORT,
  data: 'not hex at all',
});
refuse('G4', 'an empty master', 'legacy_master', { generation: 'G4', master: '', data: rawG4 });
refuse('G4', 'a selector of no known form', 'legacy_path', {
  generation: 'G4',
  master: SHORT,
  data: rawG4,
  path: '$[?(@.a)]',
});

const about_file = {
  title: "Cere's crypto module before v1: four generations",
  sources: { ...PUBLISHED, viewer: VIEWER, derived: DERIVED },
  made_by: 'test/vectors/cere-legacy-make.mjs, on @noble/hashes and @noble/ciphers',
};
const file = new URL('cere-legacy.json', import.meta.url);
writeFileSync(file, `${JSON.stringify({ ...about_file, cases }, null, 1)}\n`);
process.stdout.write(
  `${JSON.stringify(counts)} ${cases.filter((one) => !one.valid).length} of ${cases.length} negative\n`,
);
