import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type KeyPair, keyPairFromSeed, signRequest, toHex, ZERO_KEY } from '../../protocol/index.ts';
import { live } from '../../test/contract/index-store.ts';
import { app, type MemoryApi, startMemoryApi, wallet } from '../../test/support/api.ts';
import { authorization, bearer, call, tokenOf } from '../../test/support/call-api.ts';

const OTHER_APP = keyPairFromSeed('sr25519', new Uint8Array(32).fill(3));
const person = (fill: number): KeyPair => keyPairFromSeed('sr25519', new Uint8Array(32).fill(fill));

let it: MemoryApi;
beforeEach(async () => {
  it = await startMemoryApi({ clusterNames: ['cere-mainnet', 'berlin'] });
});
afterEach(() => it.api.close());

const operations = ['wallets.read'];
const asWallet = (keyPair = wallet) => bearer({ keyPair, app: app.publicKey, by: 'wallet', operations });
/** Of all its apps. */
const ALL = { keyPair: wallet, app: app.publicKey, by: 'wallet', operations: [...operations, 'wallets.apps'] } as const;
const asApp = (keyPair = app) => bearer({ keyPair, app: keyPair.publicKey, by: 'app', operations });

function associate(cluster: string, keyPair = wallet, id = toHex(randomBytes(16))) {
  const request = signRequest(
    {
      ...{ kind: 'associate' as const, network: 'cere-sandbox', app: ZERO_KEY, wallet: toHex(keyPair.publicKey), id },
      ...{ issuedAt: Date.now(), signer: 'wallet', algorithm: 'sr25519', wrap: 'none', content: { cluster } },
    },
    keyPair,
  );
  return { request, send: () => call(`${it.url}/v1/associations`, { body: request }) };
}

/** Batches in the index. */
let at = { next: 0, mark: -1 };
async function index(...owners: { app?: KeyPair; wallet: KeyPair; time: number }[]) {
  at = await it.positions.load('indexer', 0);
  const entries = owners.map(({ wallet: of, time, ...named }, i) => ({
    ...live(at.next + i, { time, rootVersion: 1 }),
    app: (named.app ?? app).publicKey,
    wallet: of.publicKey,
  }));
  await it.index.apply(0, at, { next: at.next + entries.length, mark: at.next + entries.length - 1 }, entries);
}

describe('clusters', () => {
  test('are listed by name, the default one first', async () => {
    const { body } = await call(`${it.url}/v1/clusters`);
    expect(body).toEqual({
      clusters: [
        { name: 'cere-mainnet', default: true },
        { name: 'berlin', default: false },
      ],
    });
  });

  test('a wallet is in the default one until it chooses another; the same request is answered once more', async () => {
    const look = async () =>
      (await call(`${it.url}/v1/wallets/${toHex(wallet.publicKey)}`, { headers: asWallet() })).body;
    expect(await look()).toMatchObject({
      wallet: toHex(wallet.publicKey),
      cluster: 'cere-mainnet',
      apps: [],
      next: null,
    });
    const { request, send } = associate('berlin');
    expect(await send()).toMatchObject({ status: 200, body: { id: request.id, cluster: 'berlin' } });
    expect(await send()).toMatchObject({ status: 200, body: { id: request.id, cluster: 'berlin' } });
    expect(await look()).toMatchObject({ cluster: 'berlin' });
    expect(await associate('berlin').send()).toMatchObject({ status: 200 });
    expect(await associate('cere-mainnet').send()).toMatchObject({ status: 200 });
  });

  test('one that is not there, and one to which data would have to move, are refused', async () => {
    expect(await associate('nowhere').send()).toMatchObject({ status: 404, body: { code: 'unknown_cluster' } });
    await it.vault.transit([{ app: app.publicKey, wallet: wallet.publicKey }]);
    expect(await associate('berlin').send()).toMatchObject({ status: 409, body: { code: 'cluster_settled' } });
    expect(await associate('cere-mainnet').send()).toMatchObject({ status: 200 });
    expect(await associate('berlin', person(7)).send()).toMatchObject({ status: 200 });
  });
});

describe('look-up', () => {
  test('a token shows the app that it names; all of them the wallet sees by one that says so', async () => {
    await index({ wallet, time: 50 }, { wallet, time: 20 }, { app: OTHER_APP, wallet, time: 30 });
    const url = `${it.url}/v1/wallets/${toHex(wallet.publicKey)}`;
    const appsOf = async (headers: Record<string, string>, query = '') =>
      (await call<{ apps: { app: string }[] }>(url + query, { headers })).body.apps;
    const subjects = [{ rootVersion: 1, subject: '03'.repeat(32) }];
    const here = { app: toHex(app.publicKey), batches: 2, events: 6, first: 20, last: 50 };
    const there = { app: toHex(OTHER_APP.publicKey), batches: 1, events: 3, first: 30, last: 30, subjects };
    expect(await appsOf(asWallet())).toEqual([expect.objectContaining({ ...here, subjects })]);
    expect(await appsOf(asApp())).toEqual([expect.not.objectContaining({ subjects })]);
    expect(await appsOf(asApp())).toMatchObject([here]);
    expect(await appsOf(bearer(ALL))).toMatchObject([here]);
    const sorted = [{ ...here, subjects }, there].sort((a, b) => (a.app < b.app ? -1 : 1));
    expect(await appsOf(bearer(ALL), '?apps=all')).toMatchObject(sorted);
    for (const headers of [asWallet(), asApp(), bearer({ ...ALL, keyPair: app, by: 'app' })])
      expect(await call(`${url}?apps=all`, { headers })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await call(url, { headers: asWallet(person(7)) })).toMatchObject({ status: 403 });
    expect(await call(url)).toMatchObject({ status: 401 });
  });

  test('whom a wallet lets look at one app learns of no other, nor lets anybody', async () => {
    await index({ app: OTHER_APP, wallet, time: 30 });
    const worker = person(9);
    const url = `${it.url}/v1/wallets/${toHex(wallet.publicKey)}`;
    const expiresAt = Date.now() + 60_000;
    const chain = (more: string[]) => {
      const first = tokenOf({ ...ALL, operations, key: worker.publicKey, expiresAt });
      const own = { keyPair: worker, wallet: wallet.publicKey, delegated: true, expiresAt };
      return authorization(first, tokenOf({ ...ALL, ...own, operations: [...operations, ...more] }));
    };
    expect(await call(url, { headers: chain([]) })).toMatchObject({ status: 200, body: { apps: [] } });
    expect(await call(`${url}?apps=all`, { headers: chain([]) })).toMatchObject({ body: { code: 'forbidden' } });
    expect(await call(`${url}?apps=all`, { headers: chain(['wallets.apps']) })).toMatchObject({
      body: { code: 'token_delegated' },
    });
  });

  test('apps come by pages', async () => {
    const apps = [1, 3, 4, 5].map(person);
    await index(...apps.map((one, i) => ({ app: one, wallet, time: i })));
    const seen: string[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const query: string = `?apps=all&limit=3${next && `&after=${next}`}`;
      const page: { body: { apps: { app: string }[]; next: string | null } } = await call(
        `${it.url}/v1/wallets/${toHex(wallet.publicKey)}${query}`,
        { headers: bearer(ALL) },
      );
      seen.push(...page.body.apps.map((one) => one.app));
      next = page.body.next;
    }
    expect(seen).toEqual(apps.map((one) => toHex(one.publicKey)).sort());
  });
});

describe('an app', () => {
  test('sees how it is registered; another does not, nor does a wallet', async () => {
    const url = `${it.url}/v1/apps/${toHex(app.publicKey)}`;
    const shown = { app: toHex(app.publicKey), tier: 'free', open: true, unpaid: false };
    expect(await call(url, { headers: asApp() })).toMatchObject({ status: 200, body: shown });
    expect(await call(url, { headers: asWallet() })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await call(url, { headers: asApp(OTHER_APP) })).toMatchObject({ status: 403 });
    const own = `${it.url}/v1/apps/${toHex(OTHER_APP.publicKey)}`;
    expect(await call(own, { headers: asApp(OTHER_APP) })).toMatchObject({
      status: 403,
      body: { code: 'unknown_app' },
    });
  });

  test('lists its wallets by pages, each with its cluster', async () => {
    const people = [2, 11, 12, 13, 14].map(person);
    await index(...people.map((one, i) => ({ wallet: one, time: i })), { app: OTHER_APP, wallet: person(20), time: 1 });
    await associate('berlin', person(12)).send();
    const seen: { wallet: string; cluster: string }[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const query: string = `?limit=2${next && `&after=${next}`}`;
      const page: { body: { wallets: typeof seen; next: string | null } } = await call(
        `${it.url}/v1/apps/${toHex(app.publicKey)}/wallets${query}`,
        { headers: asApp() },
      );
      seen.push(...page.body.wallets);
      next = page.body.next;
    }
    expect(seen.map((one) => one.wallet)).toEqual(people.map((one) => toHex(one.publicKey)).sort());
    expect(seen.filter((one) => one.cluster === 'berlin').map((one) => one.wallet)).toEqual([
      toHex(person(12).publicKey),
    ]);
    expect(seen[0]).toMatchObject({ batches: 1, events: 3 });
  });

  test.each(['?after=x', '?limit=0', '?limit=101', '?more=1'])('%s is refused', async (query) => {
    const url = `${it.url}/v1/apps/${toHex(app.publicKey)}/wallets${query}`;
    expect(await call(url, { headers: asApp() })).toMatchObject({ status: 400, body: { code: 'invalid' } });
  });
});
