import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  encryptionKeyPairFromSeed,
  fromHex,
  type KeyPair,
  META_SCOPE,
  open,
  scopeKey,
  seal,
  signRequest,
  toBase64url,
  toHex,
  utf8,
} from '../../protocol/index.ts';
import { type Account, accountFromPhrase, DdcClient, deriveAccount, type WalletRequests } from '../../sdk/js/index.ts';
import { app as appAccount, type MemoryApi, startMemoryApi } from '../../test/support/api.ts';
import { bearer } from '../../test/support/call-api.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const HOUR = 3_600_000;
const app = appAccount.publicKey;

let it: MemoryApi;
let root: Account;
let client: DdcClient;
/** Moves the service's and the client's calendar. */
let ahead = 0;
const now = () => Date.now() + ahead;
let owner: Account;
let friend: Account;
let mine: WalletRequests;
let friends: WalletRequests;
let pair: KeyPair;

beforeAll(async () => {
  root = await accountFromPhrase(`${PHRASE}//consent`);
  it = await startMemoryApi({ clock: { now } });
  client = new DdcClient({ endpoint: it.url, network: 'cere-sandbox', app, now });
});
afterAll(async () => {
  client.close();
  await it.api.close();
});
beforeEach(async () => {
  ahead = 0;
  const fresh = (who: string) => deriveAccount(root, `//${who}-${randomBytes(6).toString('hex')}`);
  [owner, friend] = [fresh('owner'), fresh('friend')];
  [mine, friends] = [client.requests(owner), client.requests(friend)];
  pair = encryptionKeyPairFromSeed(new Uint8Array(randomBytes(32)));
  await it.vault.transit([{ app, wallet: owner.publicKey }]);
});

const ownRoot = async () => {
  const [found] = await it.vault.roots([{ app, wallet: owner.publicKey, rootVersion: 1 }]);
  if (!found) throw new Error('no root');
  return found;
};
const grantTo = (x25519: Uint8Array, scope = 'purchase') =>
  mine.grant({ scope, fromEpoch: 0, recipient: x25519, expiresAt: now() + HOUR });

describe('sharing one scope', () => {
  test('a certified recipient fetches the key of that scope, it opens an envelope, and the owner sees it in the log', async () => {
    await friends.certify(pair.publicKey, now() + HOUR);
    const { id } = await grantTo(pair.publicKey);
    const keys = await friends.fetchKeys(owner.publicKey, ['purchase', 'profile', META_SCOPE], pair);
    expect(keys.map(({ scope, epoch }) => [scope, epoch])).toEqual([['purchase', 0]]);
    const { userRoot, subject } = await ownRoot();
    const place = { epoch: 0, app, subject, eventId: 'x', scope: 'purchase' };
    const envelope = seal({
      ...place,
      scopeKey: scopeKey(userRoot, app, 'purchase', 0),
      salt: new Uint8Array(16),
      data: '{"sum":5}',
      nonce: new Uint8Array(24),
    });
    expect(open({ ...place, scopeKey: keys[0]?.key as Uint8Array, envelope }).data).toBe('{"sum":5}');
    const { accesses } = await mine.accessLog();
    expect(accesses).toMatchObject([
      { reader: `wallet:${toHex(friend.publicKey)}`, scope: 'purchase', epoch: 0, by: id },
    ]);
    expect((await mine.grants()).grants.map(({ state }) => state)).toEqual(['live']);
  });

  test('a revocation begins an epoch, serves nothing more, and says that it does not reach back', async () => {
    await friends.certify(pair.publicKey, now() + HOUR);
    const { id } = await grantTo(pair.publicKey);
    await friends.fetchKeys(owner.publicKey, ['purchase'], pair);
    const revoked = await mine.revoke(id);
    expect(revoked).toMatchObject({ epoch: 1, note: expect.stringContaining('does not reach back') });
    expect((await mine.grants()).grants.map(({ state }) => state)).toEqual(['revoked']);
    const other = it.vault.reopen();
    const [transit] = await other.roots([{ app, wallet: owner.publicKey, rootVersion: 1 }]);
    expect(transit?.epoch).toBe(1);
    const [certificate] = await it.consents.certificates(friend.publicKey);
    if (!certificate) throw new Error('no certificate');
    const reader = { name: 'wallet:friend', asker: { certificate } };
    const ask = { reader, app, wallet: owner.publicKey, rootVersion: 1, scope: 'purchase', epoch: 0 };
    expect(await other.scopeKeys([ask, { ...ask, epoch: 1 }])).toEqual([null, null]);
    await expect(mine.revoke('00'.repeat(16))).rejects.toMatchObject({ code: 'unknown_grant', status: 404 });
  });

  test('an expired grant gives nothing, and its end begins an epoch', async () => {
    await friends.certify(pair.publicKey, now() + 10 * HOUR);
    await grantTo(pair.publicKey);
    ahead = 2 * HOUR;
    expect(await it.consents.answerExpired(now(), 10)).toBeGreaterThan(0);
    expect(await it.consents.answerExpired(now(), 10)).toBe(0);
    const [state] = await it.consents.of([{ app, wallet: owner.publicKey }]);
    expect(state?.epoch).toBe(1);
    expect((await mine.grants()).grants.map(({ state: one }) => one)).toEqual(['expired']);
  });

  test('an uncertified key is refused', async () => {
    await expect(grantTo(pair.publicKey)).rejects.toMatchObject({ code: 'not_certified', status: 422 });
  });
});

describe('own keys', () => {
  test('come sealed, for every epoch so far, meta where it is named', async () => {
    await friends.certify(pair.publicKey, now() + HOUR);
    await mine.revoke((await grantTo(pair.publicKey)).id);
    const keys = await mine.keys(['purchase', META_SCOPE], pair);
    expect(keys.map(({ scope, epoch }) => `${scope}/${epoch}`).sort()).toEqual([
      '__meta/0',
      '__meta/1',
      'purchase/0',
      'purchase/1',
    ]);
    const { userRoot } = await ownRoot();
    const first = keys.find(({ scope, epoch }) => scope === 'purchase' && epoch === 0);
    expect(toHex(first?.key as Uint8Array)).toBe(toHex(scopeKey(userRoot, app, 'purchase', 0)));
  });
});

describe('signed requests', () => {
  const policy = (id: string, scopes: string[]) =>
    signRequest(
      {
        kind: 'policy',
        network: 'cere-sandbox',
        app: toHex(app),
        wallet: toHex(owner.publicKey),
        id,
        issuedAt: now(),
        signer: 'wallet',
        algorithm: owner.algorithm,
        wrap: 'none',
        content: { scopes, recipients: 'app', expiresAt: now() + HOUR },
      },
      owner,
    );
  const post = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${it.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };

  test('count once: the same again gets its first answer, however old, and other bytes under its id are refused', async () => {
    const id = toHex(new Uint8Array(randomBytes(16)));
    const request = policy(id, ['purchase']);
    const first = await post('/v1/policies', request);
    expect(first.status).toBe(201);
    ahead = HOUR;
    expect(await post('/v1/policies', request)).toEqual(first);
    expect(await post('/v1/policies', policy(id, ['profile']))).toMatchObject({
      status: 409,
      body: { code: 'request_clash' },
    });
  });

  test('are refused when stale, of another kind, changed, or of an app that is not known', async () => {
    const request = policy(toHex(new Uint8Array(randomBytes(16))), ['purchase']);
    expect(await post('/v1/grants', request)).toMatchObject({ status: 422, body: { code: 'kind' } });
    expect(await post('/v1/policies', { ...request, issuedAt: request.issuedAt + 1 })).toMatchObject({
      status: 422,
      body: { code: 'signature' },
    });
    ahead = HOUR;
    expect(await post('/v1/policies', request)).toMatchObject({ status: 422, body: { code: 'request_stale' } });
    ahead = 0;
    const elsewhere = new DdcClient({ endpoint: it.url, network: 'cere-sandbox', app: pair.publicKey });
    await expect(elsewhere.requests(owner).erase()).rejects.toMatchObject({ code: 'unknown_app', status: 403 });
    elsewhere.close();
  });

  test('a later policy replaces the one before it, which begins an epoch', async () => {
    const first = await mine.policy({ scopes: ['purchase'], recipients: 'app', expiresAt: now() + HOUR });
    ahead = 1_000;
    const second = await mine.policy({ scopes: ['profile'], recipients: 'app', expiresAt: now() + HOUR });
    expect([first.epoch, second.epoch]).toEqual([0, 1]);
    expect((await mine.grants()).grants.map(({ state }) => state)).toEqual(['live', 'replaced']);
  });

  test('grants come by pages of at most 100, which the SDK follows; the replaced policy is known on every page', async () => {
    const recipient = pair.publicKey;
    await friends.certify(recipient, now() + HOUR);
    await mine.policy({ scopes: ['purchase'], recipients: 'app', expiresAt: now() + HOUR });
    const ids: string[] = [];
    ahead = 1_000;
    for (let i = 0; i < 101; i += 1) ids.push((await grantTo(recipient)).id);
    ahead = 2_000;
    const { id: policy } = await mine.policy({ scopes: ['purchase'], recipients: 'app', expiresAt: now() + HOUR });
    await mine.revoke(ids[50] as string);
    const { grants } = await mine.grants();
    const states = new Map(grants.map(({ state, request }) => [request.id, state]));
    expect([grants.length, states.size]).toEqual([103, 103]);
    expect([states.get(policy), grants.at(-1)?.state, states.get(ids[50] as string)]).toEqual([
      'live',
      'replaced',
      'revoked',
    ]);
    const address = `${it.url}/v1/wallets/${toHex(owner.publicKey)}/apps/${toHex(app)}/grants`;
    const token = bearer({ keyPair: owner, app, by: 'wallet', operations: ['grants.read'], now: now() });
    const ask = async (query: string, headers = {}) => {
      const answer = await fetch(`${address}?${query}`, { headers });
      return [answer.status, ((await answer.json()) as { code: string }).code];
    };
    expect(await ask('limit=100')).toEqual([401, 'unauthorized']);
    for (const query of ['limit=101', 'limit=0', 'after=x', 'after=1.ab', 'more=1'])
      expect(await ask(query, token)).toEqual([400, 'invalid']);
  });
});

describe('tokens', () => {
  const token = (over: Record<string, unknown> = {}, of: Account = owner) => {
    const content = {
      audience: 'cere-sandbox',
      operations: ['access.read'],
      wallet: of.publicKey,
      key: of.publicKey,
      expiresAt: now() + HOUR,
      ...over,
    };
    const head = { kind: 'token' as const, network: 'cere-sandbox', app: toHex(app), wallet: toHex(of.publicKey) };
    const rest = { id: '11'.repeat(16), issuedAt: now(), signer: 'wallet' as const, wrap: 'none' as const };
    return signRequest({ ...head, ...rest, algorithm: of.algorithm, content: content as never }, of);
  };
  const read = async (bearer?: unknown, query = '') => {
    const text = typeof bearer === 'string' ? bearer : toBase64url(utf8(JSON.stringify(bearer ?? null)));
    const answer = await fetch(`${it.url}/v1/wallets/${toHex(owner.publicKey)}/apps/${toHex(app)}/access-log${query}`, {
      headers: bearer === undefined ? {} : { authorization: `Bearer ${text}` },
    });
    const { code } = (await answer.json()) as { code?: string };
    return [answer.status, code];
  };

  test('open what they name, for whom they name, while they last', async () => {
    expect(await read(token())).toEqual([200, undefined]);
    expect(await read()).toEqual([401, 'unauthorized']);
    expect(await read('not-json')).toEqual([401, 'unauthorized']);
    expect(await read({ ...token(), signature: '00'.repeat(64) })).toEqual([401, 'unauthorized']);
    expect(await read(token({ audience: 'elsewhere' }))).toEqual([403, 'forbidden']);
    expect(await read(token({ operations: ['grants.read'] }))).toEqual([403, 'forbidden']);
    expect(await read(token({ key: friend.publicKey }))).toEqual([403, 'token_delegated']);
    expect(await read(token({}, friend))).toEqual([403, 'forbidden']);
    for (const after of ['x', 'bm90IGpzb24', toBase64url(utf8('[1,"a","b",1,0]')), '%00', ''])
      expect(await read(token(), `?after=${after}`)).toEqual([400, 'invalid']);
    expect(
      await read(token(), `?after=${toBase64url(utf8(JSON.stringify([1, 'a', 'b', 1, 0, '11'.repeat(16)])))}`),
    ).toEqual([200, undefined]);
    const old = token();
    ahead = 2 * HOUR;
    expect(await read(old)).toEqual([401, 'unauthorized']);
  });
});

describe('erasing and moving', () => {
  test('an erased wallet gets 410 until it is re-opened, and what it had allowed before opens nothing after', async () => {
    await friends.certify(pair.publicKey, now() + HOUR);
    await grantTo(pair.publicKey);
    const { id } = await mine.erase();
    await expect(mine.erase()).rejects.toMatchObject({ code: 'already_erased', status: 409 });
    await expect(mine.reopen()).rejects.toMatchObject({ code: 'erasing' });
    const state = await mine.removal(id);
    expect(state).toMatchObject({ state: 'committed', waitingFor: ['caches'], receipts: [] });
    const named = { app, wallet: owner.publicKey, id: fromHex(id, 16) };
    await it.removals.fence(named, 7);
    ahead = 1_000;
    expect((await mine.reopen()).rootVersion).toBe(2);
    expect((await mine.grants()).grants).toEqual([]);
    const fresh = it.vault.reopen();
    expect(await fresh.roots([{ app, wallet: owner.publicKey, rootVersion: 1 }])).toEqual([null]);
    expect((await fresh.transit([{ app, wallet: owner.publicKey }]))[0]?.rootVersion).toBe(2);
    const [certificate] = await it.consents.certificates(friend.publicKey);
    if (!certificate) throw new Error('no certificate');
    const reader = { name: 'wallet:friend', asker: { certificate } };
    const ask = { reader, app, wallet: owner.publicKey, rootVersion: 2, scope: 'purchase', epoch: 0 };
    expect(await fresh.scopeKeys([ask])).toEqual([null]);
  });

  test('nobody erases what was never written, and only who is erased re-opens', async () => {
    await expect(friends.erase()).rejects.toMatchObject({ code: 'nothing_to_erase', status: 404 });
    await expect(mine.reopen()).rejects.toMatchObject({ code: 'not_erased', status: 409 });
  });

  test('a move to client mode and back: a new root version each time, back only under the subject that was prepared', async () => {
    const subject = new Uint8Array(randomBytes(32));
    // Were it taken, no later epoch could answer the end of a grant.
    await expect(mine.move({ mode: 'client', subject, epoch: 2 ** 31 })).rejects.toMatchObject({
      code: 'epoch_too_high',
    });
    expect(await mine.move({ mode: 'client', subject, epoch: 3 })).toMatchObject({ rootVersion: 2 });
    await expect(mine.move({ mode: 'client', subject, epoch: 3 })).rejects.toMatchObject({ code: 'same_mode' });
    const client2 = it.vault.reopen();
    expect((await client2.transit([{ app, wallet: owner.publicKey }]))[0]).toMatchObject({ mode: 'client', subject });
    await expect(grantTo(pair.publicKey)).rejects.toMatchObject({ code: 'not_certified' });
    await friends.certify(pair.publicKey, now() + HOUR);
    await expect(grantTo(pair.publicKey)).rejects.toMatchObject({ code: 'client_keys', status: 409 });
    await expect(mine.move({ mode: 'service', subject, epoch: 3 })).rejects.toMatchObject({ code: 'not_prepared' });
    await expect(mine.move({ mode: 'service', subject, epoch: 2 })).rejects.toMatchObject({ code: 'epoch_behind' });
    const prepared = await mine.prepareMove();
    expect(prepared.epoch).toBe(3);
    const back = { mode: 'service' as const, subject: fromHex(prepared.subject, 32), epoch: prepared.epoch };
    expect(await mine.move(back)).toMatchObject({ rootVersion: prepared.rootVersion });
    const service = it.vault.reopen();
    expect((await service.transit([{ app, wallet: owner.publicKey }]))[0]).toMatchObject({
      mode: 'service',
      rootVersion: 3,
    });
    await expect(friends.move({ mode: 'client', subject, epoch: 0 })).rejects.toMatchObject({ code: 'subject_taken' });
  });
});
