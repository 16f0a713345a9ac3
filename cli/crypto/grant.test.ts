import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import {
  checkRequestTime,
  type Event,
  encodeNdjson,
  encryptionKeyPairFromSeed,
  fromHex,
  type KeyPair,
  keyPairFromSeed,
  ready,
  scopeKey,
  seal,
  sealScopeKey,
  signBatch,
  signRequest,
  toBase64url,
  toHex,
  verifyRequest,
} from '../../protocol/index.ts';
import { accountFromPhrase, DdcClient } from '../../sdk/js/index.ts';
import { nodeArguments } from '../../stack/built.ts';
import { app as registered, startMemoryApi } from '../../test/support/api.ts';
import { crypto } from '../../test/support/crypto-command.ts';
import { accountOf } from './account.ts';

// Every step is a process; a loaded machine takes seconds for each.
jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'ddc-grant-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(path(name), 'utf8').trim();
function file(name: string, content: unknown): string {
  writeFileSync(path(name), typeof content === 'string' ? content : JSON.stringify(content));
  return path(name);
}

const NETWORK = 'cere-sandbox';
const APP = 'a1'.repeat(32);
const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const GEO = '{"city":"Bern"}';
const PAY = '{"price":"private words"}';

/** A step that must go well. @returns stdout */
async function done(args: readonly string[], stdin = ''): Promise<string> {
  const { code, out, err } = await crypto(args, stdin);
  expect({ args, code, err }).toEqual({ args, code: 0, err: '' });
  return out;
}

/** The code of a refusal, and that it shows no content. */
async function refusal(args: readonly string[], stdin: string): Promise<string> {
  const { code, out, err } = await crypto([...args, '--json'], stdin);
  expect([code, out + err]).toEqual([1, expect.not.stringContaining('private words')]);
  return JSON.parse(out).refused.code;
}

let subject: string;
let user: KeyPair;
let event: Event;
let whole: string;
let bundle: { grant: Record<string, unknown>; keys: Record<string, unknown>[] };
const grantArgs = (...more: string[]) => [
  ...['grant', '--network', NETWORK, '--app', APP, '--phrase-file', path('user'), '--algorithm', 'ed25519'],
  ...['--scope', 'geo', '--expires', '30d', ...more],
];
const openArgs = (grant = path('grant.json'), secret = path('reader-x')) => [
  ...['open', '--grant-file', grant, '--x25519-file', secret],
];
const stdinOf = (one: Event) => JSON.stringify({ app: APP, subject, event: one });

beforeAll(async () => {
  await ready();
  // The user: an account, a root, and keys of two scopes.
  await done(['keygen', 'account', '--out', path('user'), '--algorithm', 'ed25519']);
  user = (await accountOf(read('user'), 'ed25519')).keyPair;
  subject = JSON.parse(await done(['keygen', 'root', '--out', path('root'), '--json'])).subject;
  const scopes = ['--scope', 'geo', '--scope', 'pay'];
  await done(['keygen', 'scopes', '--root-file', path('root'), '--app', APP, ...scopes, '--out', path('keys.json')]);
  // The reader: an account, an encryption key, and what the account signs about it.
  await done(['keygen', 'account', '--out', path('reader')]);
  await done(['keygen', 'x25519', '--out', path('reader-x')]);
  const signing = ['--network', NETWORK, '--expires', '90d', '--phrase-file', path('reader')];
  file('certificate.json', await done(['keygen', 'certificate', '--x25519-file', path('reader-x'), ...signing]));
  await done(['keygen', 'x25519', '--out', path('stranger-x')]);
  // An event of two scopes.
  const place = ['--key-file', path('keys.json'), '--app', APP, '--subject', subject, '--event', ID, '--json'];
  const sealed = async (scope: string, text: string) => {
    const { commitment, envelope } = JSON.parse(await done(['encrypt', ...place, '--scope', scope], text));
    return { commitment, envelope };
  };
  event = {
    ...{ id: ID, type: 'buy', time: '2023-06-30T12:00:00.000Z' },
    scopes: { geo: await sealed('geo', GEO), pay: await sealed('pay', PAY) },
  };
  whole = stdinOf(event);
  // One of them is granted.
  const more = ['--recipient', path('certificate.json'), '--key-file', path('keys.json')];
  file('grant.json', await done(grantArgs(...more)));
  bundle = JSON.parse(read('grant.json'));
});

describe('a grant of one scope', () => {
  test('its recipient opens that scope and no other', async () => {
    const opened = await crypto([...openArgs(), '--json'], whole);
    expect([opened.code, opened.err]).toEqual([0, 'warning: closed: no key for pay\n']);
    expect(JSON.parse(opened.out).events[0]).toMatchObject({ scopes: { geo: GEO }, closed: ['pay'] });
    expect(opened.out).not.toContain('private words');
    expect(await refusal(openArgs(), stdinOf({ ...event, scopes: { pay: event.scopes.pay } } as Event))).toBe('no_key');
    const renamed = { ...bundle, keys: bundle.keys.map((key) => ({ ...key, scope: 'pay' })) };
    expect(await refusal(openArgs(file('renamed.json', renamed)), whole)).toBe('commitment');
  });

  test('nobody else opens anything with it, nor does a grant that was changed', async () => {
    expect(await refusal(openArgs(path('grant.json'), path('stranger-x')), whole)).toBe('no_key');
    const stranger = toHex(encryptionKeyPairFromSeed(fromHex(read('stranger-x'))).publicKey);
    const taken = { ...bundle, keys: bundle.keys.map((key) => ({ ...key, recipient: stranger })) };
    expect(await refusal(openArgs(file('taken.json', taken), path('stranger-x')), whole)).toBe('sealed_key');
    const later = { ...bundle, keys: bundle.keys.map((key) => ({ ...key, epoch: 1 })) };
    expect(await refusal(openArgs(file('later.json', later)), whole)).toBe('no_key');
    const forged = { ...bundle, grant: { ...bundle.grant, issuedAt: 1 } };
    expect(await refusal(openArgs(file('forged.json', forged)), whole)).toBe('signature');
  });

  test('keys as the service answers them, of several user roots', async () => {
    const pair = encryptionKeyPairFromSeed(fromHex(read('reader-x')));
    const recipient = toHex(pair.publicKey);
    const keys = ['07'.repeat(32), read('root')].map((root, i) => {
      const sealed = toBase64url(sealScopeKey(pair.publicKey, scopeKey(fromHex(root), fromHex(APP), 'geo', 0)));
      return { scope: 'geo', rootVersion: i + 1, epoch: 0, by: '0'.repeat(32), recipient, sealed };
    });
    const opened = await crypto(openArgs(file('answer.json', { keys })), whole);
    expect([opened.code, opened.out]).toEqual([0, `${GEO}\n`]);
  });

  test('without a key it is the request that the service takes, as certified', async () => {
    const out = await done(grantArgs('--recipient', path('certificate.json'), '--from-epoch', '3'));
    const request = verifyRequest(JSON.parse(out), { network: NETWORK, kind: 'grant' });
    checkRequestTime(request, Date.now());
    const { recipient, ...content } = request.content;
    expect(content).toMatchObject({ grantor: user.publicKey, scope: 'geo', fromEpoch: 3 });
    expect(toHex(recipient)).toBe(bundle.keys[0]?.recipient);
    const toKey = await crypto(grantArgs('--recipient', toHex(recipient)));
    expect([toKey.code, toKey.err]).toEqual([0, expect.stringMatching(/^warning: not_certified: /)]);
  });

  test('a certificate that is over, of another network or no certificate is refused', async () => {
    const keyPair = keyPairFromSeed('ed25519', new Uint8Array(32).fill(9));
    const content = { x25519: encryptionKeyPairFromSeed(new Uint8Array(32)).publicKey, expiresAt: 2 };
    const old = signRequest(
      {
        ...{ kind: 'recipient', network: NETWORK, app: '00'.repeat(32), wallet: toHex(keyPair.publicKey) },
        ...{ id: '01'.repeat(16), issuedAt: 1, signer: 'wallet', algorithm: 'ed25519', wrap: 'none', content },
      },
      keyPair,
    );
    const to = (name: string, content: unknown) => refusal(grantArgs('--recipient', file(name, content)), '');
    expect(await to('old.json', old)).toBe('expired');
    expect(await to('other.json', { ...JSON.parse(read('certificate.json')), network: 'other' })).toBe('network');
    expect(await to('changed.json', { ...JSON.parse(read('certificate.json')), id: '02'.repeat(16) })).toBe(
      'signature',
    );
    expect(await to('no.json', bundle.grant)).toBe('kind');
    expect(await to('none.json', 'hello')).toBe('request');
  });
});

describe('the service', () => {
  test('takes certificate and grant as they are piped to it, and serves that scope alone', async () => {
    const it = await startMemoryApi();
    const reader = await accountFromPhrase(read('reader'));
    const { publicKey: app } = registered;
    const client = new DdcClient({ endpoint: it.url, network: NETWORK, app });
    const post = async (to: string, body: string) =>
      (await fetch(`${it.url}${to}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status;
    try {
      await it.vault.transit([{ app, wallet: user.publicKey }]);
      const more = ['--app', toHex(app), '--recipient', path('certificate.json')];
      const grant = await done(grantArgs(...more));
      expect(await post('/v1/grants', grant)).toBe(422);
      expect(await post('/v1/certificates', read('certificate.json'))).toBe(201);
      expect(await post('/v1/grants', grant)).toBe(201);
      const pair = encryptionKeyPairFromSeed(fromHex(read('reader-x')));
      const keys = await client.requests(reader).fetchKeys(user.publicKey, ['geo', 'pay'], pair);
      expect(keys.map(({ scope, epoch }) => [scope, epoch])).toEqual([['geo', 0]]);
    } finally {
      client.close();
      await it.api.close();
    }
  });
});

describe('what was signed', () => {
  test('certificate, grant and batch verify; a changed one does not', async () => {
    const certificate = read('certificate.json');
    expect(await done(['verify'], certificate)).toMatch(/^ok: recipient [0-9a-f]{32}, key [0-9a-f]{64}, until 2/);
    for (const grant of [JSON.stringify(bundle), JSON.stringify(bundle.grant)])
      expect(JSON.parse(await done(['verify', '--json', '--network', NETWORK], grant))).toMatchObject({
        ...{ verified: true, kind: 'grant', app: APP, wallet: toHex(user.publicKey), id: bundle.grant.id },
        content: { scope: 'geo', fromEpoch: 0, recipient: bundle.keys[0]?.recipient },
      });
    expect(await refusal(['verify'], JSON.stringify({ ...bundle.grant, app: 'b1'.repeat(32) }))).toBe('signature');
    expect(await refusal(['verify', '--network', 'other'], certificate)).toBe('network');
    expect(await refusal(['verify'], '{}')).toBe('input');
    expect(await crypto(['verify', '--root', '00'], certificate)).toMatchObject({ code: 2, out: '' });
  });

  test("the batch with the event verifies, and the recipient opens the user's signed scope", async () => {
    const root = fromHex(read('root'));
    const owner = { app: fromHex(APP), subject: fromHex(subject), epoch: 0 };
    const meta = seal({
      ...{ ...owner, eventId: '', scope: '__meta', scopeKey: scopeKey(root, owner.app, '__meta', 0) },
      ...{ salt: new Uint8Array(16), data: '{}', nonce: new Uint8Array(24).fill(1) },
    });
    const batch = signBatch({
      ...{ network: NETWORK, app: APP, wallet: toHex(user.publicKey), source: '11'.repeat(16), seq: 0 },
      ...{ issuedAt: 1_700_000_000_000, signer: 'wallet', algorithm: 'ed25519', wrap: 'none', events: [event] },
      ...{ keyPair: user, client: { subject: owner.subject, epoch: 0, meta } },
    });
    const body = encodeNdjson(batch);
    const verified = await crypto(['verify', '--batch-id', toHex(batch.batchId)], body);
    expect([verified.code, verified.out]).toEqual([0, expect.stringContaining(`wallet ${toHex(user.publicKey)}`)]);
    expect(await crypto(openArgs(), body)).toMatchObject({ code: 0, out: `${GEO}\n` });
  });
});

describe('secrets', () => {
  test('are refused as arguments, wherever they stand, and not repeated', async () => {
    const phrase = read('user');
    const seed = read('reader-x');
    const rest = grantArgs('--recipient', path('certificate.json')).filter((arg) => arg !== path('user'));
    const all = await Promise.all([
      crypto(rest.map((arg) => (arg === '--phrase-file' ? `--phrase=${phrase}` : arg))),
      crypto([...grantArgs('--recipient', path('certificate.json')), phrase]),
      crypto(rest.flatMap((arg) => (arg === '--phrase-file' ? [arg, phrase] : [arg]))),
      crypto(['keygen', 'account', '--phrase', phrase]),
      crypto(['keygen', 'account', '--algorithm', phrase]),
      crypto(['keygen', phrase]),
      crypto([phrase]),
      crypto(['open', '--grant-file', path('grant.json'), `--x25519=${seed}`], whole),
      crypto(['open', '--grant-file', path('grant.json'), '--x25519-file', seed], whole),
      crypto(['open', '--key-file', `{"geo":"${seed}"}`], whole),
      crypto(['open', '--grant-file', path('grant.json')], whole),
      crypto(['open'], whole),
    ]);
    expect(all.map(({ code, out }) => [code, out])).toEqual(all.map(() => [2, '']));
    const words = phrase.split(' ').slice(0, 3).join(' ');
    for (const { err } of all) {
      expect(err).toMatch(/^(error: |Usage: )/);
      expect(err.includes(words) || err.includes(seed)).toBe(false);
    }
  });

  test('stdout that cannot be written is exit code 2, in one line', async () => {
    const full = openSync('/dev/full', 'w');
    const args = [...nodeArguments('cli/main.ts'), 'crypto', ...grantArgs('--recipient', path('certificate.json'))];
    const child = spawn(process.execPath, args, { stdio: ['ignore', full, 'pipe'], detached: true });
    let err = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      err += chunk;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    closeSync(full);
    expect([code, err]).toEqual([2, 'error: standard output cannot be written (ENOSPC).\n']);
  });
});
