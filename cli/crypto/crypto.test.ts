import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import {
  commitment,
  disclose,
  type Event,
  encodeNdjson,
  keyPairFromSeed,
  ready,
  scopeKey,
  seal,
  signBatch,
  subjectOf,
  toBase64url,
  toHex,
  verifyBatch,
} from '../../protocol/index.ts';
import { crypto } from '../../test/support/crypto-command.ts';

// Every step is a process; a loaded machine takes seconds for each.
jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'ddc-crypto-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = (name: string) => join(folder, name);
function file(name: string, text: string): string {
  writeFileSync(path(name), text);
  return path(name);
}

const MASTER = 'super-secret';
const APP = new Uint8Array(32).fill(0xa1);
const ROOT = new Uint8Array(32).fill(7);
const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
let master: string;
let keys: string;

beforeAll(async () => {
  await ready();
  master = file('master', `${MASTER}\n`);
  const geo = toHex(scopeKey(ROOT, APP, 'geo', 0));
  keys = file('keys.json', JSON.stringify({ geo, pay: toHex(scopeKey(ROOT, APP, 'pay', 0)) }));
});

describe('decode', () => {
  const G4 = JSON.stringify({ k1: '0x2db8c357ae04d19429e6d23653f7a6ea309c', k2: 'v2' });
  const G1 = JSON.stringify({
    __default_scope: '7fd7abf981e2785c4e22b46c35e1e76b5be3b139afa80a8fcb7270db10b7c96b34b2c364107822612a0dd1',
  });

  test('plaintext alone goes to stdout, warnings to stderr', async () => {
    expect(await crypto(['decode', '--master-file', master], G1)).toEqual({ code: 0, out: 'abc', err: '' });
    const { code, out, err } = await crypto(['decode', '--master-file', master, '--generation', 'auto'], G4);
    expect([code, out]).toEqual([0, '{"k1":"v1","k2":"v2"}']);
    expect(err).toMatch(/^warning: fixed_nonce: .*\nwarning: left_as_is: .*\(\$\.k2\)\n$/);
  });

  test('--json names the generation', async () => {
    const { out } = await crypto(['decode', '--master-file', master, '--json'], `${G1}\n`);
    expect(JSON.parse(out)).toMatchObject({ generation: 'G1', form: 'raw', plaintext: 'abc', warnings: [] });
    const one = ['--generation', 'G4', '--path', '$.k3.k4'];
    const leaf = '0x2858640a3c7ac24672a9939f8908c348407305d5\n';
    const typed = await crypto(['decode', '--master-file', master, '--json', ...one], leaf);
    expect(JSON.parse(typed.out)).toMatchObject({ generation: 'G4', plaintext: 'true' });
    expect(typed.err).toMatch(/types_lost/);
  });

  test('raw bytes of G2 come out as they went in', async () => {
    const sealed = 'aeafd33394bd45142dec4134e6cb71927634e9b31deed4f725fd5210ce8d65b5f2161cff5701dfe1243009df7576053d';
    const long = file('long', 'super-secret-key'.repeat(2));
    const { code, out } = await crypto(['decode', '--master-file', long], Buffer.from(sealed, 'hex'));
    expect([code, out]).toEqual([0, 'raw data']);
  });

  test('a changed ciphertext or another master is refused, by code, with nothing of either', async () => {
    const changed = G1.replace('0dd1"', '0dd2"');
    const named = await crypto(['decode', '--master-file', master, '--generation', 'G1', '--json'], changed);
    expect(named.code).toBe(1);
    expect(JSON.parse(named.out)).toMatchObject({ refused: { code: 'tag' } });
    const wrong = await crypto(['decode', '--master-file', file('other', 'correct-horse')], G1);
    expect(wrong).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^refused: legacy_generation: /) });
    expect(named.err + wrong.err).not.toMatch(/super-secret|correct-horse|7fd7abf9/);
  });

  test('wrong use is 2: an unknown option or choice, no such file, nobody to ask', async () => {
    const all = await Promise.all([
      crypto(['decode', '--master', MASTER], G1),
      crypto(['decode', '--master-file', master, '--generation', 'G5'], G1),
      crypto(['decode', '--master-file', path('absent')], G1),
      crypto(['decode', MASTER], G1),
      crypto(['decode'], G1),
      crypto(['teleport']),
      crypto([]),
    ]);
    expect(all.map(({ code }) => code)).toEqual(all.map(() => 2));
    expect(all.map(({ out }) => out).join('')).toBe('');
    for (const { err } of all) expect(err).not.toContain(MASTER);
    expect((await crypto(['decode', '--help'])).code).toBe(0);
  });
});

describe('keygen', () => {
  test('a user root and keys of its scopes: secrets in files of their own, never over another', async () => {
    const made = await crypto(['keygen', 'root', '--out', path('root'), '--json']);
    const userRoot = new Uint8Array(Buffer.from(readFileSync(path('root'), 'utf8').trim(), 'hex'));
    expect(JSON.parse(made.out)).toEqual({ subject: toHex(subjectOf(userRoot)) });
    expect(statSync(path('root')).mode & 0o077).toBe(0);
    expect(await crypto(['keygen', 'root', '--out', path('root')])).toMatchObject({ code: 2, out: '' });

    const scopes = ['--scope', 'geo', '--scope', '__default_scope', '--epoch', '3'];
    const asked = ['keygen', 'scopes', '--root-file', path('root'), '--app', toHex(APP), '--out', path('made.json')];
    expect((await crypto([...asked, ...scopes])).code).toBe(0);
    expect(JSON.parse(readFileSync(path('made.json'), 'utf8'))).toEqual({
      geo: toHex(scopeKey(userRoot, APP, 'geo', 3)),
      __default_scope: toHex(scopeKey(userRoot, APP, '__default_scope', 3)),
    });
    const bad = ['--app', toHex(APP), '--scope', 'geo', '--out', path('x')];
    const refused = await crypto(['keygen', 'scopes', '--root-file', master, ...bad]);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).not.toContain(MASTER);
  });

  test('accounts of a phrase are those of other Substrate tools', async () => {
    const phrase = file('phrase', 'bottom drive obey lake curtain smoke basket hold race lonely fit walk//Alice\n');
    const alice = await crypto(['keygen', 'account', '--phrase-file', phrase]);
    expect(alice.out).toContain('publicKey d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d\n');
    expect(alice.out).toContain('address 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY\n');
    const ed25519 = await crypto(['keygen', 'account', '--phrase-file', phrase, '--algorithm', 'ed25519', '--json']);
    expect(JSON.parse(ed25519.out).address).toBe('5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu');
  });

  test('a new phrase gives the account that it names; what is no phrase is refused and not repeated', async () => {
    const made = await crypto(['keygen', 'account', '--out', path('new-phrase')]);
    expect((await crypto(['keygen', 'account', '--phrase-file', path('new-phrase')])).out).toBe(made.out);
    expect(made.out).not.toContain(readFileSync(path('new-phrase'), 'utf8').split(' ')[0]);
    const refused = await crypto(['keygen', 'account', '--phrase-file', file('no-phrase', 'hunter two')]);
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^refused: phrase: /) });
    expect(refused.err).not.toContain('hunter');
  });

  test('an X25519 pair: its public half on stdout, the seed in the file', async () => {
    const { out } = await crypto(['keygen', 'x25519', '--out', path('x25519')]);
    expect(out).toMatch(/^publicKey [0-9a-f]{64}\n$/);
    expect(readFileSync(path('x25519'), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
  });
});

describe('encrypt and decrypt', () => {
  const place = () => ['--app', toHex(APP), '--subject', toHex(subjectOf(ROOT)), '--event', ID, '--scope', 'geo'];

  test('what one seals the other opens, piped as text and as JSON', async () => {
    const sealed = await crypto(['encrypt', '--key-file', keys, ...place()], '{"city":"Zürich"}');
    expect(sealed.code).toBe(0);
    expect(await crypto(['decrypt', '--key-file', keys, ...place()], sealed.out)).toEqual({
      code: 0,
      out: '{"city":"Zürich"}',
      err: '',
    });
    const json = await crypto(['encrypt', '--key-file', keys, ...place(), '--json'], 'x');
    const opened = await crypto(['decrypt', '--key-file', keys, '--json'], json.out);
    expect(JSON.parse(opened.out)).toMatchObject({ event: ID, scope: 'geo', epoch: 0, data: 'x' });
  });

  test('another scope, event, app, subject, epoch or commitment is refused', async () => {
    const { out } = await crypto(['encrypt', '--key-file', keys, ...place(), '--json'], 'private words');
    const sealed = JSON.parse(out) as Record<string, string>;
    const other = 'bb'.repeat(32);
    const changes = [
      { scope: 'pay' },
      { event: ID.replace('8057', '8058') },
      { app: other },
      { subject: other },
      { commitment: other },
      { scope: 'none' },
    ];
    const all = await Promise.all(
      changes.map((change) =>
        crypto(['decrypt', '--key-file', keys, '--json'], JSON.stringify({ ...sealed, ...change })),
      ),
    );
    const codes = all.map((ended) => [ended.code, JSON.parse(ended.out).refused.code]);
    expect(codes).toEqual([...Array(5).fill([1, 'commitment']), [1, 'no_key']]);
    for (const { out: shown, err } of all) expect(shown + err).not.toContain('private words');
    const later = await crypto(['encrypt', '--key-file', keys, ...place(), '--epoch', '4294967296'], 'x');
    expect(later.code).toBe(2);
    const lacking = await crypto(['decrypt', '--key-file', keys], sealed.envelope);
    expect(lacking).toMatchObject({ code: 2, out: '' });
    const noKeys = await crypto(['decrypt', '--key-file', master, ...place()], sealed.envelope);
    expect(noKeys).toMatchObject({ code: 2, out: '' });
    expect(noKeys.err).not.toContain(MASTER);
  });
});

const PAIR_SEED = new Uint8Array(32).fill(9);
function signed(events: Event[], client: boolean) {
  const keyPair = keyPairFromSeed('ed25519', PAIR_SEED);
  const subject = subjectOf(ROOT);
  const meta = seal({
    ...{ app: APP, subject, eventId: '', scope: '__meta', epoch: 0, scopeKey: scopeKey(ROOT, APP, '__meta', 0) },
    ...{ salt: new Uint8Array(16), data: '{}', nonce: new Uint8Array(24).fill(1) },
  });
  return signBatch({
    ...{ network: 'cere-sandbox', app: toHex(APP), wallet: toHex(keyPair.publicKey), source: '11'.repeat(16) },
    ...{ seq: 0, issuedAt: 1_700_000_000_000, signer: 'wallet', algorithm: 'ed25519', wrap: 'none' },
    ...{ events, keyPair, ...(client ? { client: { subject, epoch: 0, meta } } : {}) },
  });
}

function sealedEvent(scopes: Record<string, string>): Event {
  const sealed = Object.entries(scopes).map(([scope, data], i) => {
    const salt = new Uint8Array(16).fill(i + 1);
    const place = { app: APP, subject: subjectOf(ROOT), eventId: ID, scope, epoch: 0 };
    const nonce = new Uint8Array(24).fill(i + 1);
    const envelope = toBase64url(seal({ ...place, scopeKey: scopeKey(ROOT, APP, scope, 0), salt, data, nonce }));
    return [scope, { commitment: toHex(commitment(salt, data)), envelope }];
  });
  return { id: ID, type: 'buy', time: '2023-06-30T12:00:00.000Z', scopes: Object.fromEntries(sealed) };
}

describe('open', () => {
  const event = () => sealedEvent({ geo: '{"city":"Bern"}', pay: '{"price":12}', closed: '{"x":1}' });

  test('keys from the configuration open their scopes, which are merged; the rest stays closed', async () => {
    const input = JSON.stringify({ app: toHex(APP), subject: toHex(subjectOf(ROOT)), event: event() });
    expect(await crypto(['open', '--key-file', keys], input)).toEqual({
      code: 0,
      out: '{"city":"Bern","price":12}\n',
      err: 'warning: closed: no key for closed\n',
    });
  });

  test('a batch in client mode opens event by event, once its signature holds', async () => {
    const body = encodeNdjson(signed([event()], true));
    const { out } = await crypto(['open', '--key-file', keys, '--json'], body);
    expect(JSON.parse(out).events).toEqual([
      {
        ...{ id: ID, type: 'buy', time: '2023-06-30T12:00:00.000Z', data: { city: 'Bern', price: 12 } },
        ...{ scopes: { geo: '{"city":"Bern"}', pay: '{"price":12}' }, closed: ['closed'] },
      },
    ]);
    const forged = Buffer.from(body).toString().replace('"type":"buy"', '"type":"bay"');
    expect(await crypto(['open', '--key-file', keys], forged)).toMatchObject({ code: 1, out: '' });
  });

  test('a key of another scope or a changed commitment opens nothing', async () => {
    const wrong = file('wrong.json', JSON.stringify({ geo: toHex(scopeKey(ROOT, APP, 'pay', 0)) }));
    const owner = { app: toHex(APP), subject: toHex(subjectOf(ROOT)) };
    const refused = await crypto(['open', '--key-file', wrong, '--json'], JSON.stringify({ ...owner, event: event() }));
    expect(JSON.parse(refused.out).refused.code).toBe('commitment');
    const bent = event();
    bent.scopes.geo = { ...(bent.scopes.geo as { envelope: string }), commitment: '00'.repeat(32) };
    const changed = await crypto(['open', '--key-file', keys], JSON.stringify({ ...owner, event: bent }));
    expect(changed).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^refused: commitment: /) });
    const none = await crypto(
      ['open', '--key-file', file('none.json', '{}')],
      JSON.stringify({ ...owner, event: bent }),
    );
    expect(none.err).toMatch(/^refused: no_key: /);
  });
});

describe('verify', () => {
  const open = (): Event => ({
    ...{ id: ID, type: 'buy', time: '2023-06-30T12:00:00.000Z' },
    scopes: { geo: { salt: '01'.repeat(16), data: 'x' }, pay: { salt: '02'.repeat(16), data: 'private words' } },
  });

  test('a batch as NDJSON and as JSON: signer, root and id', async () => {
    const batch = signed([open()], false);
    const id = toHex(batch.batchId);
    const { code, out } = await crypto(['verify', '--batch-id', id, '--network', 'cere-sandbox'], encodeNdjson(batch));
    expect([code, out]).toEqual([
      0,
      `ok: batch ${id} of 1 events, signed by wallet ${batch.header.wallet} (ed25519) for cere-sandbox\n`,
    ]);
    const { root } = verifyBatch(batch, { network: 'cere-sandbox' });
    const whole = JSON.stringify({ header: batch.header, events: batch.events });
    const json = JSON.parse((await crypto(['verify', '--json', '--root', toHex(root)], whole)).out);
    expect(json).toMatchObject({ verified: true, kind: 'batch', batchId: id, root: toHex(root), mode: 'service' });
  });

  test('a disclosure shows what it opens', async () => {
    const batch = verifyBatch(signed([open()], false), { network: 'cere-sandbox' });
    const disclosure = JSON.stringify(disclose(batch, 0, ['geo']));
    const { out } = await crypto(['verify', '--json'], disclosure);
    expect(JSON.parse(out)).toMatchObject({ kind: 'disclosure', event: ID, opened: { geo: 'x' } });
    expect(out).not.toContain('private words');
    expect((await crypto(['verify', '--network', 'other'], disclosure)).err).toMatch(/^refused: network: /);
  });

  test('changed content, another id, root or network, and what is no batch are refused', async () => {
    const batch = signed([open()], false);
    const body = Buffer.from(encodeNdjson(batch)).toString();
    const other = 'ee'.repeat(32);
    const all = await Promise.all([
      crypto(['verify', '--json'], body.replace('private words', 'other words')),
      crypto(['verify', '--json', '--batch-id', other], body),
      crypto(['verify', '--json', '--root', other], body),
      crypto(['verify', '--json', '--network', 'cere-mainnet'], body),
      crypto(['verify', '--json'], 'hello'),
      crypto(['verify', '--json'], ''),
    ]);
    const codes = all.map(({ code, out }) => [code, JSON.parse(out).refused.code]);
    const expected = ['signature', 'batch_id', 'root', 'network', 'json', 'input_empty'];
    expect(codes).toEqual(expected.map((code) => [1, code]));
    for (const { out, err } of all) expect(out + err).not.toMatch(/(private|other) words/);
  });

  test('a batch in client mode says that its content is unchecked', async () => {
    const { code, err } = await crypto(['verify'], encodeNdjson(signed([sealedEvent({ geo: 'x' })], true)));
    expect([code, err]).toEqual([0, expect.stringMatching(/^warning: content: unchecked/)]);
  });
});
