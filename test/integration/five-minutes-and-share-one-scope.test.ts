import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run } from '../../cli/pack/compile.ts';
import {
  encryptionKeyPairFromSeed,
  fromBase64url,
  fromHex,
  META_SCOPE,
  open,
  toHex,
  verifyDisclosure,
} from '../../protocol/index.ts';
import { type Account, accountFromPhrase, DdcClient, type ReadEvent, Reader } from '../../sdk/js/index.ts';
import { root } from '../../stack/root.mjs';
import { bearer, call } from '../support/call-api.ts';
import { example } from '../support/example.ts';
import { eventually, startRoom } from '../support/room-process.ts';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk//share-one-scope';
const HOUR = 3_600_000;
const NETWORK = 'cere-sandbox';
const SCOPES = { purchase: ['sum'], profile: ['name'] };

let it: SuiteSandbox;
let endpoint: string;
let owner: Account;
let friend: Account;
const random = () => crypto.getRandomValues(new Uint8Array(32));

beforeAll(async () => {
  it = await suiteSandbox('share', { rooms: ['api', 'encryptor', 'pinner', 'indexer'] });
  endpoint = it.deployment.api;
  owner = await accountFromPhrase(`${PHRASE}//owner`);
  friend = await accountFromPhrase(`${PHRASE}//friend`);
}, 120_000);
afterAll(() => it?.close(), 60_000);

/** A block of the section of the README, by its language. */
function block(language: string): string[] {
  const section = /^## Five minutes\n([\s\S]*?)^## /m.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';
  const text = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'm').exec(section)?.[1] ?? '';
  return text.split('\n').filter(Boolean);
}

test('a grantee fetches events and keys, opens exactly one scope under the user’s signature; what was kept needs no service', async () => {
  const client = new DdcClient({ endpoint, network: NETWORK, app: it.app, maxEvents: 2 });
  const [mine, friends] = [client.requests(owner), client.requests(friend)];
  const stream = client.stream(owner, SCOPES);
  const batches = await Promise.all(
    [0, 1, 2, 3, 4].map((sum) => {
      const sent = stream.record({ type: 'PURCHASE', data: { sum, name: 'Alice' } });
      if (sum === 4) client.flush();
      return sent;
    }),
  );
  const pair = encryptionKeyPairFromSeed(random());
  await friends.certify(pair.publicKey, Date.now() + HOUR);
  const grant = await mine.grant({
    ...{ scope: 'purchase', fromEpoch: 0, recipient: pair.publicKey, expiresAt: Date.now() + HOUR },
  });

  const reader = new Reader({ endpoint, network: NETWORK, account: friend, pair });
  const wanted = { app: it.app, wallet: owner.publicKey, scope: ['purchase', 'profile', META_SCOPE], limit: 2 };
  const events = await eventually('five events', async () => {
    const found: ReadEvent[] = [];
    for await (const event of reader.events(wanted)) found.push(event);
    return found.length === 5 ? found : null;
  });
  expect(events.map(({ scopes }) => scopes.purchase).sort()).toEqual([0, 1, 2, 3, 4].map((sum) => `{"sum":${sum}}`));
  for (const { scopes, signer, wallet, batchId } of events) {
    expect(Object.keys(scopes)).toEqual(['purchase']);
    expect([signer, fromHex(wallet, 32)]).toEqual(['wallet', owner.publicKey]);
    expect(batches).toContain(batchId);
  }

  // What was given opens neither the sibling scope nor its envelope, which any IPFS client can fetch by the locator.
  const [found] = (await friends.disclosures(owner.publicKey, { limit: 1 })).events;
  if (!found?.disclosure) throw new Error('no event');
  expect(Object.keys(found.envelopes)).toEqual(['purchase']);
  const keys = await friends.fetchKeys(owner.publicKey, ['purchase', 'profile', META_SCOPE], pair);
  expect(keys.map(({ scope, epoch }) => `${scope}/${epoch}`)).toEqual(['purchase/0']);
  const { segment, slot, index } = found.locator;
  const path = encodeURIComponent(`${segment}/batches/${slot}/events/${index}`);
  const stored = await fetch(`${it.deployment.ipfsApi}/api/v0/dag/get?arg=${path}`, { method: 'POST' });
  const envelopes = (await stored.json()) as Record<string, { '/': { bytes: string } }>;
  const fromIpfs = (scope: string) => new Uint8Array(Buffer.from(envelopes[scope]?.['/'].bytes ?? '', 'base64'));
  expect(Object.keys(envelopes).sort()).toEqual(['profile', 'purchase']);
  expect(fromIpfs('purchase')).toEqual(fromBase64url(found.envelopes.purchase ?? ''));
  const place = { app: it.app, subject: fromHex(found.subject, 32), epoch: 0, eventId: found.disclosure.event.id };
  const key = keys[0]?.key as Uint8Array;
  expect(open({ ...place, scope: 'purchase', scopeKey: key, envelope: fromIpfs('purchase') }).data).toContain('sum');
  expect(() => open({ ...place, scope: 'profile', scopeKey: key, envelope: fromIpfs('profile') })).toThrow();

  const { accesses } = await mine.accessLog();
  expect(accesses).toMatchObject([{ scope: 'purchase', by: grant.id }]);
  const { body } = await call(`${endpoint}/v1/batches/${batches[0]}`);
  expect(body).toMatchObject({ content: 'checked', stages: { indexed: true } });

  await mine.revoke(grant.id);
  expect(await friends.disclosures(owner.publicKey)).toEqual({ events: [], metas: {}, next: null, more: false });
  const own: ReadEvent[] = [];
  const ownReader = new Reader({
    endpoint,
    network: NETWORK,
    account: owner,
    pair: encryptionKeyPairFromSeed(random()),
  });
  for await (const event of ownReader.events({ ...wanted, scope: 'profile' })) own.push(event);
  expect(own.map(({ scopes }) => scopes)).toEqual(new Array(5).fill({ profile: '{"name":"Alice"}' }));
  client.close();
}, 120_000);

test('an API whose IPFS node is away starts, takes batches, and answers 503 where events are asked for', async () => {
  const room = startRoom('api', { ...it.sandbox.env, IPFS_API: 'http://127.0.0.1:1' });
  const url = `http://127.0.0.1:${await room.listening}`;
  const client = new DdcClient({ endpoint: url, network: NETWORK, app: it.app });
  try {
    const sent = client.stream(owner, SCOPES).record({ type: 'PURCHASE', data: { sum: 9 } });
    client.flush();
    await sent;
    const wallet = toHex(owner.publicKey);
    const headers = bearer({ keyPair: owner, app: it.app, by: 'wallet', operations: ['disclosures.read'] });
    const answer = await call(`${url}/v1/wallets/${wallet}/apps/${toHex(it.app)}/disclosures`, { headers });
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  } finally {
    client.close();
    expect(await room.stop()).toBe(0);
  }
}, 60_000);

test('the five minutes of the README, typed in, end with a decrypted and verified event', async () => {
  const [start, ...typed] = block('sh');
  // A sandbox as `npm start` brings it up is running already; its address is another.
  expect(start).toBe('npm start');
  expect(typed.length).toBeGreaterThan(0);
  let printed = '';
  for (const line of typed) {
    const [program, ...args] = line.split(' ');
    expect(program).toBe('node');
    printed += await run(process.execPath, [...args, endpoint, join(it.suite.folder, 'outbox')], root);
  }
  const promised = block('text');
  expect(
    promised.some((line) => line.startsWith('verified')) && promised.some((line) => line.startsWith('decrypted')),
  ).toBe(true);
  for (const line of promised) expect(printed).toContain(line);
}, 120_000);

test('the example shares one scope; what it keeps is verified with the API stopped, and a changed letter is noticed', async () => {
  const kept = join(it.suite.folder, 'kept.ndjson');
  const shared = await example('share-one-scope', 'share', endpoint, kept);
  expect(shared).toMatchObject({ code: 0, stderr: '' });
  expect(shared.stdout).toContain(
    'bob opened PURCHASE: {"purchase":"{\\"title\\":\\"Blue Train\\",\\"dollars\\":\\"29.33\\"}"}',
  );
  expect(shared.stdout).not.toContain('"name"');

  await it.sandbox.rooms.stop('api');
  await expect(fetch(`${endpoint}/livez`)).rejects.toThrow();
  const verified = await example('share-one-scope', 'verify', kept);
  expect(verified).toMatchObject({ code: 0, stderr: '' });
  expect(verified.stdout.match(/^wallet [0-9a-f]{8}… signed at .* PURCHASE .*; closed: profile$/gm)).toHaveLength(2);

  const lines = (await readFile(kept, 'utf8')).trimEnd().split('\n');
  for (const line of lines) {
    const { opened } = verifyDisclosure(JSON.parse(line));
    expect(Object.keys(opened)).toEqual(['purchase']);
  }
  await writeFile(kept, lines.join('\n').replace('Blue Train', 'Blue Trail'));
  const changed = await example('share-one-scope', 'verify', kept);
  expect([changed.code, changed.stdout]).toEqual([1, '']);
  expect(changed.stderr).toMatch(/^line \d proves nothing/);
}, 120_000);
