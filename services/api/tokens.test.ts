import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  encodeBearer,
  fromHex,
  type KeyPair,
  keyPairFromSeed,
  signRequest,
  toHex,
  ZERO_KEY,
} from '../../protocol/index.ts';
import { Account, appToken, DdcClient, delegate, walletToken } from '../../sdk/js/index.ts';
import { type MemoryApi, someBatch, someBody, startMemoryApi } from '../../test/support/api.ts';
import { authorization, bearer, call, type TokenWish, tokenOf } from '../../test/support/call-api.ts';

const HOUR = 3_600_000;
const WRITE = ['batches.write'];
const network = 'cere-sandbox';

let it: MemoryApi;
/** Moves the service's calendar. */
let ahead = 0;
const now = () => Date.now() + ahead;
const fresh = (): Account => {
  const { publicKey, secretKey } = keyPairFromSeed('sr25519', new Uint8Array(randomBytes(32)));
  return new Account(publicKey, secretKey);
};
/** Not open. */
let app: Account;
let wallet: Account;
let worker: Account;
beforeAll(async () => {
  it = await startMemoryApi({ clock: { now } });
});
afterAll(() => it.api.close());
beforeEach(async () => {
  ahead = 0;
  [app, wallet, worker] = [fresh(), fresh(), fresh()];
  await it.apps.add({ app: app.publicKey, open: false });
});

const ofApp = (wish: Partial<TokenWish> = {}): TokenWish => ({
  keyPair: app,
  app: app.publicKey,
  by: 'app',
  operations: WRITE,
  now: now(),
  ...wish,
});
const batch = (over: Parameters<typeof someBody>[0] = {}) =>
  someBody({ app: toHex(app.publicKey), wallet: toHex(wallet.publicKey), keyPair: wallet, issuedAt: now(), ...over });
const answerOf = async (answer: Response) => {
  const { code, detail } = (await answer.json()) as { code?: string; detail?: string };
  return [answer.status, code, detail];
};
const write = async (headers: Record<string, string> = {}, body = batch()) =>
  (await answerOf(await it.post(body, headers))).slice(0, 2);
const taken = [202, undefined];

describe('an app that is not open', () => {
  test("takes writes with its token, for all its wallets or the batch's own", async () => {
    expect(await write()).toEqual([403, 'app_closed']);
    expect(await write(bearer(ofApp()))).toEqual(taken);
    expect(await write(bearer(ofApp({ wallet: wallet.publicKey })))).toEqual(taken);
    expect(await write(bearer(ofApp({ wallet: fresh().publicKey })))).toEqual([403, 'forbidden']);
  });

  test("takes no other's token, nor one for another operation or audience", async () => {
    const other = fresh();
    await it.apps.add({ app: other.publicKey, open: true });
    const mine: TokenWish = { keyPair: wallet, app: app.publicKey, by: 'wallet', operations: WRITE, now: now() };
    for (const wish of [
      ofApp({ keyPair: other, app: other.publicKey }),
      mine,
      ofApp({ operations: ['events.read'] }),
      ofApp({ audience: 'another' }),
    ])
      expect(await write(bearer(wish))).toEqual([403, 'forbidden']);
    expect(await write(bearer(ofApp({ expiresAt: now() + 60_000, now: now() - 5 })))).toEqual(taken);
    expect(await write(bearer(ofApp({ expiresAt: now() - 1, now: now() - 5 })))).toEqual([401, 'unauthorized']);
    expect(await write({ authorization: 'Bearer x' })).toEqual([401, 'unauthorized']);
  });

  test('a token that was taken ends at its time, however often it was used', async () => {
    const headers = bearer(ofApp({ expiresAt: now() + HOUR }));
    expect(await write(headers)).toEqual(taken);
    ahead = HOUR - 60_000;
    expect(await write(headers)).toEqual(taken);
    ahead = HOUR + 60_000;
    expect(await write(headers)).toEqual([401, 'unauthorized']);
  });

  test('a bad token is refused before the body is read, and in an open app as well', async () => {
    await it.apps.add({ app: app.publicKey, open: true });
    const nothing = new TextEncoder().encode('no batch');
    expect(await write({ authorization: 'Bearer x' }, nothing)).toEqual([401, 'unauthorized']);
    expect(await write({ authorization: 'Bearer x' })).toEqual([401, 'unauthorized']);
  });

  test('makes a root for a wallet that is new only with its token', async () => {
    const named = { app: toHex(app.publicKey), wallet: toHex(wallet.publicKey) };
    const own = bearer({
      keyPair: wallet,
      app: app.publicKey,
      by: 'wallet',
      operations: ['move', 'crypto.encrypt'],
      now: now(),
    });
    const withApp = { ...own, 'ddc-app-token': encodeBearer(tokenOf(ofApp())) };
    const events = [{ id: 'a', scopes: { purchase: '1' } }];
    const asks = [
      (headers: Record<string, string>) => call(`${it.url}/v1/crypto/encrypt`, { headers, body: { ...named, events } }),
      (headers: Record<string, string>) => call(`${it.url}/v1/moves/prepare`, { headers, body: named }),
      (headers: Record<string, string>) =>
        call(`${it.url}/v1/wallets/${named.wallet}/apps/${named.app}/mode`, { headers }),
    ];
    for (const ask of asks) expect(await ask(own)).toMatchObject({ status: 403, body: { code: 'app_closed' } });
    const wrong = { ...own, 'ddc-app-token': encodeBearer(tokenOf(ofApp({ wallet: worker.publicKey }))) };
    for (const ask of asks) expect(await ask(wrong)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await it.vault.roots([{ app: app.publicKey, wallet: wallet.publicKey, rootVersion: 1 }])).toEqual([
      undefined,
    ]);
    for (const ask of asks) expect(await ask(withApp)).toMatchObject({ status: 200 });
    // Now it is there.
    expect(await asks[2]?.(own)).toMatchObject({ status: 200 });
  });

  test('a move of a wallet that is new needs the token, too; what a wallet decides about its data never does', async () => {
    const client = new DdcClient({ endpoint: it.url, network, app: app.publicKey, now });
    const mine = client.requests(wallet);
    await mine.policy({ scopes: ['purchase'], recipients: 'app', expiresAt: now() + HOUR });
    const move = { mode: 'client', subject: new Uint8Array(randomBytes(32)), epoch: 0 } as const;
    await expect(mine.move(move)).rejects.toMatchObject({ status: 403, code: 'app_closed' });
    const authorization = () => `Bearer ${encodeBearer(appToken(app, { network, operations: WRITE, now }))}`;
    const admitted = new DdcClient({ endpoint: it.url, network, app: app.publicKey, now, authorization });
    await expect(admitted.requests(wallet).move(move)).resolves.toMatchObject({ rootVersion: 1 });
    await expect(mine.erase()).resolves.toMatchObject({ rootVersions: [1] });
    for (const one of [client, admitted]) one.close();
  });
});

describe('delegation', () => {
  const settings = () => ({ network, operations: WRITE, now });

  test('a further key writes in the name of the app, as far as the app lets it', async () => {
    const first = appToken(app, { ...settings(), key: worker.publicKey });
    const headers = { authorization: `Bearer ${delegate(first, worker, { now, wallet: wallet.publicKey })}` };
    expect(await write(headers)).toEqual(taken);
    const stranger = fresh();
    expect(await write(headers, batch({ wallet: toHex(stranger.publicKey), keyPair: stranger }))).toEqual([
      403,
      'forbidden',
    ]);
    expect(await write(authorization(first))).toEqual([403, 'token_delegated']);
    const wider = delegate(first, worker, { now, operations: [...WRITE, 'events.read'] });
    expect(await write({ authorization: `Bearer ${wider}` })).toEqual([403, 'token_delegated']);
  });

  test('of a wallet lets a further key read its grants', async () => {
    const reading = { ...settings(), operations: ['grants.read'] };
    const first = walletToken(wallet, { ...reading, app: app.publicKey, key: worker.publicKey });
    const address = `${it.url}/v1/wallets/${toHex(wallet.publicKey)}/apps/${toHex(app.publicKey)}/grants`;
    const headers = { authorization: `Bearer ${delegate(first, worker, { now })}` };
    expect(await call(address, { headers })).toMatchObject({ status: 200 });
  });
});

describe('revocation', () => {
  const revoke = async (by: KeyPair, signer: 'wallet' | 'app', token: string, wallet = ZERO_KEY) => {
    const head = { kind: 'disown', network, app: toHex(app.publicKey), wallet, id: toHex(randomBytes(16)) } as const;
    const how = { issuedAt: now(), signer, algorithm: 'sr25519', wrap: 'none' } as const;
    const body = signRequest({ ...head, ...how, content: { token: fromHex(token, 16) } }, by);
    return call(`${it.url}/v1/tokens/revoke`, { body });
  };

  test('a token ends at once where its revocation was taken, and stays ended', async () => {
    const [one, two] = [tokenOf(ofApp()), tokenOf(ofApp())];
    expect(await write(authorization(one))).toEqual(taken);
    expect(await revoke(app, 'app', one.id)).toMatchObject({
      status: 201,
      body: { token: one.id, effectiveWithinSeconds: 5 },
    });
    expect(await write(authorization(one))).toEqual([401, 'token_revoked']);
    expect(await write(authorization(two))).toEqual(taken);
  });

  test('a delegation ends with everything below it; what stands below can end alone', async () => {
    const expiresAt = now() + HOUR;
    const first = tokenOf(ofApp({ key: worker.publicKey, expiresAt }));
    const under = () => tokenOf(ofApp({ keyPair: worker, delegated: true, expiresAt }));
    const [one, two, three] = [under(), under(), under()];
    await revoke(app, 'app', one.id);
    expect(await write(authorization(first, one))).toEqual([401, 'token_revoked']);
    // The key that it was delegated to gives back its own.
    await revoke(worker, 'wallet', two.id, toHex(worker.publicKey));
    expect(await write(authorization(first, two))).toEqual([401, 'token_revoked']);
    expect(await write(authorization(first, three))).toEqual(taken);
    await revoke(app, 'app', first.id);
    expect(await write(authorization(first, three))).toEqual([401, 'token_revoked']);
  });

  test("nobody ends another's token", async () => {
    const token = tokenOf(ofApp());
    expect(await revoke(worker, 'wallet', token.id, toHex(worker.publicKey))).toMatchObject({ status: 201 });
    expect(await write(authorization(token))).toEqual(taken);
  });
});

describe('the status of a batch', () => {
  test('says whose it is to its wallet and its app, and to nobody else', async () => {
    const sent = someBatch({ app: toHex(app.publicKey), wallet: toHex(wallet.publicKey), keyPair: wallet });
    const batchId = toHex(sent.batchId);
    const [ofIt, ofWallet] = [app.publicKey, wallet.publicKey];
    const record = { app: ofIt, wallet: ofWallet, rootVersion: 1, batchId: sent.batchId };
    await it.admission.admit(0, [{ ...record, origin: 0, issuedAt: null, retryOf: null }]);
    await it.positions.load('indexer', 0);
    await it.index.apply(0, { next: 0, mark: -1 }, { next: 1, mark: 0 }, [
      { ...record, origin: 0, source: null, seq: null, reason: 'dead', body: null },
    ]);
    const reading = { operations: ['receipts.read'], app: ofIt };
    const seen = async (headers: Record<string, string>) => {
      const one = await call(`${it.url}/v1/batches/${batchId}`, { headers });
      const many = await call<{ batches: object[] }>(`${it.url}/v1/batches/status`, {
        headers,
        body: { ids: [batchId] },
      });
      expect(many.body.batches).toEqual([one.body]);
      return one.body;
    };
    const nobody = { outcome: 'dead', app: null, wallet: null, appAddress: null, walletAddress: null };
    const whose = { app: toHex(ofIt), wallet: toHex(ofWallet), walletAddress: expect.any(String) };
    expect(await seen({})).toMatchObject(nobody);
    expect(await seen(bearer({ keyPair: wallet, by: 'wallet', ...reading }))).toMatchObject(whose);
    expect(await seen(bearer({ keyPair: app, by: 'app', ...reading }))).toMatchObject(whose);
    expect(await seen(bearer({ keyPair: worker, by: 'wallet', ...reading }))).toMatchObject(nobody);
    expect(await seen(bearer({ keyPair: worker, by: 'app', ...reading, app: worker.publicKey }))).toMatchObject(nobody);
  });
});
