import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { encryptionKeyPairFromSeed, META_SCOPE, toHex, verifyDisclosure } from '../../protocol/index.ts';
import { MetaKeyMissing } from '../../sdk/js/index.ts';
import { call } from '../../test/support/call-api.ts';
import { HOUR, NOTHING, type Party, type ReadingWorld, readingWorld } from '../../test/support/reading-world.ts';

let world: ReadingWorld;
let owner: Party;
let friend: Party;

beforeAll(async () => {
  world = await readingWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  [owner, friend] = [world.party('owner'), world.party('friend')];
  await world.certify(friend, 1_000 * HOUR);
});

/** What the service answers, unopened. */
const seen = async (by: Party) => (await world.page(owner, world.token(by))).events;

test('the owner sees every event and opens every scope under a verified signature', async () => {
  const batch = world.batchOf(owner, 3);
  await world.store(batch);
  const events = await world.read(owner, owner);
  expect(events.map(({ id, type, scopes }) => ({ id, type, scopes: Object.keys(scopes) }))).toEqual(
    batch.events.map((event) => ({ id: event.id, type: event.type, scopes: Object.keys(event.scopes) })),
  );
  expect(events[2]?.scopes).toEqual({ purchase: '{"sum":2}', profile: '{"name":"n2"}' });
  const [first] = await seen(owner);
  expect(first).toMatchObject({ batchId: toHex(batch.batchId), content: 'checked', epoch: 0, rootVersion: 1 });
  expect(first?.locator).toMatchObject({ cluster: 'cere-mainnet', slot: 0, index: 0 });
});

test('a grantee sees the events that hold its scope, opens that scope only, and keeps a proof that needs nobody', async () => {
  const batch = world.batchOf(owner, 3);
  await world.store(batch);
  await world.grant(owner, friend, { scope: 'profile' });
  expect((await seen(friend)).map(({ locator, envelopes }) => [locator.index, Object.keys(envelopes)])).toEqual([
    [0, ['profile']],
    [2, ['profile']],
  ]);
  const events = await world.read(friend, owner, ['profile', 'purchase', META_SCOPE]);
  expect(events.map(({ id }) => id)).toEqual([batch.events[0]?.id, batch.events[2]?.id]);
  expect(events.map(({ scopes }) => scopes)).toEqual([{ profile: '{"name":"n0"}' }, { profile: '{"name":"n2"}' }]);

  const kept = JSON.parse(JSON.stringify(events[1]?.disclosure));
  const proved = verifyDisclosure(kept);
  expect(proved.opened).toEqual({ profile: '{"name":"n2"}' });
  expect(proved.header.wallet).toBe(toHex(owner.account.publicKey));
  expect(proved.event.scopes.purchase).toEqual({ commitment: expect.stringMatching(/^[0-9a-f]{64}$/) });
  kept.event.scopes.profile.data = '{"name":"other"}';
  expect(() => verifyDisclosure(kept)).toThrow();
});

test('the app sees what the policy allows it, a wallet what it is named for; a token for another wallet is refused', async () => {
  const { requests, account } = owner;
  await world.store(world.batchOf(owner, 2));
  expect(await world.page(owner, world.appToken())).toEqual(NOTHING);
  await requests.policy({ scopes: ['profile'], recipients: 'app', expiresAt: world.now() + HOUR });
  for (const token of [world.appToken(), world.appToken(account.publicKey)])
    expect((await world.page(owner, token)).events.map(({ envelopes }) => Object.keys(envelopes))).toEqual([
      ['profile'],
    ]);
  expect(await world.page(owner, world.token(friend))).toEqual(NOTHING);
  const another = await call(world.urlOf(owner), { headers: world.appToken(friend.account.publicKey) });
  expect(another).toMatchObject({ status: 403, body: { code: 'forbidden' } });

  world.pass(1_000);
  const recipients = [friend.account.publicKey];
  await requests.policy({ scopes: ['purchase'], recipients, expiresAt: world.now() + HOUR });
  world.cachesEnd();
  expect(await world.page(owner, world.appToken())).toEqual(NOTHING);
  expect((await world.read(friend, owner)).map(({ scopes }) => scopes)).toEqual([
    { purchase: '{"sum":0}' },
    { purchase: '{"sum":1}' },
  ]);
});

test('a stranger sees nothing and cannot take over the key of a grantee; no token or another one is refused', async () => {
  await world.store(world.batchOf(owner, 2));
  await world.grant(owner, friend);
  const stranger = world.party('stranger');
  expect(await world.page(owner, world.token(stranger))).toEqual(NOTHING);
  await world.certify(stranger);
  expect(await world.page(owner, world.token(stranger))).toEqual(NOTHING);
  await expect(world.certify({ ...stranger, pair: friend.pair })).rejects.toMatchObject({ code: 'key_taken' });
  expect((await call(world.urlOf(owner))).status).toBe(401);
  expect(await call(world.urlOf(owner), { headers: world.token(friend, 'keys.fetch') })).toMatchObject({
    status: 403,
    body: { code: 'forbidden' },
  });
});

test('expired and revoked grants show nothing, nor does an expired certificate', async () => {
  await world.store(world.batchOf(owner, 2));
  await world.grant(owner, friend);
  expect(await seen(friend)).toHaveLength(2);
  world.pass(HOUR);
  expect(await world.page(owner, world.token(friend))).toEqual(NOTHING);

  const { id } = await world.grant(owner, friend);
  expect(await seen(friend)).toHaveLength(2);
  await owner.requests.revoke(id);
  expect(await world.page(owner, world.token(friend))).toEqual(NOTHING);

  await world.grant(owner, friend, { ms: 2_000 * HOUR });
  expect(await seen(friend)).toHaveLength(2);
  world.pass(1_000 * HOUR);
  expect(await world.page(owner, world.token(friend))).toEqual(NOTHING);
});

test('a grant from an epoch on shows nothing of the epochs before; later epochs come without a new grant', async () => {
  const one = async () => {
    const batch = world.batchOf(owner, 1);
    await world.store(batch);
    return toHex(batch.batchId);
  };
  await one();
  await owner.requests.revoke((await world.grant(owner, friend)).id);
  await world.grant(owner, friend, { fromEpoch: 1 });
  const second = await one();
  const other = { ...friend, pair: encryptionKeyPairFromSeed(new Uint8Array(randomBytes(32))) };
  await world.certify(other);
  await owner.requests.revoke((await world.grant(owner, other)).id);
  const third = await one();
  expect((await world.read(friend, owner)).map(({ batchId }) => batchId).sort()).toEqual([second, third].sort());
  expect(new Set((await seen(friend)).map(({ epoch }) => epoch))).toEqual(new Set([1, 2]));
  expect(await world.read(owner, owner)).toHaveLength(3);
});

test('of an erased wallet nobody sees anything, the wallet included', async () => {
  await world.store(world.batchOf(owner, 2));
  await world.grant(owner, friend);
  expect(await seen(owner)).toHaveLength(2);
  await owner.requests.erase();
  expect(await world.page(owner, world.token(friend))).toEqual(NOTHING);
  world.cachesEnd();
  expect(await world.page(owner, world.token(owner))).toMatchObject({ events: [], metas: {}, more: false });
});

test('removed events are left out, and the proofs of the others hold', async () => {
  const batch = world.batchOf(owner, 4);
  await world.store(batch, { removed: [1, 2] });
  await world.grant(owner, friend);
  for (const by of [owner, friend])
    expect((await world.read(by, owner, 'purchase')).map(({ id }) => id)).toEqual([
      batch.events[0]?.id,
      batch.events[3]?.id,
    ]);
});

describe('client mode', () => {
  test('only the owner sees the events, unchecked, and verifies them with the own key of meta; the status says unchecked', async () => {
    await world.store(world.batchOf(owner, 1));
    await world.grant(owner, friend);
    const { batch, batchId, events, keys } = await world.clientBatch(owner, 4);
    await world.store(batch);
    const mine = await world.page(owner, world.token(owner));
    expect(mine.events.filter(({ content }) => content === 'unchecked').map(({ disclosure }) => disclosure)).toEqual(
      new Array(4).fill(null),
    );
    expect(Object.keys(mine.metas)).toEqual([toHex(batchId)]);
    expect((await seen(friend)).map(({ content }) => content)).toEqual(['checked']);
    expect((await world.page(owner, world.token(friend))).metas).toEqual({});

    const all = await world.read(owner, owner, ['purchase', 'profile'], keys);
    const own = all.filter((one) => one.batchId === toHex(batchId));
    // What the service encrypted before the move opens with keys that it is asked for.
    expect(all.filter((one) => one.batchId !== toHex(batchId)).map(({ scopes }) => scopes)).toEqual([
      { purchase: '{"sum":0}', profile: '{"name":"n0"}' },
    ]);
    expect(own.map(({ id, scopes }) => [id, scopes.purchase])).toEqual(events.map(({ id }, i) => [id, `{"sum":${i}}`]));
    for (const { disclosure, scopes } of own) expect(verifyDisclosure(disclosure).opened).toEqual(scopes);
    await expect(world.read(owner, owner, 'purchase', keys.slice(0, 1))).rejects.toThrow(MetaKeyMissing);

    const { body } = await call(`${world.it.url}/v1/batches/${toHex(batchId)}`);
    expect(body).toMatchObject({ content: 'unchecked', outcome: 'live' });
  });

  test('after an erasure it is gone too, though the service never had its keys', async () => {
    await world.it.vault.reopen().transit([{ app: world.app, wallet: owner.account.publicKey }]);
    const { batch } = await world.clientBatch(owner, 2);
    await world.store(batch);
    expect(await seen(owner)).toHaveLength(2);
    await owner.requests.erase();
    world.cachesEnd();
    expect(await world.page(owner, world.token(owner))).toMatchObject({ events: [], metas: {} });
  });
});

test('a status tells whether content is checked, once it is indexed', async () => {
  const batch = world.batchOf(owner, 1);
  await world.store(batch);
  const ids = [toHex(batch.batchId), 'ab'.repeat(32)];
  const { body } = await call<{ batches: object[] }>(`${world.it.url}/v1/batches/status`, { body: { ids } });
  expect(body.batches).toMatchObject([{ content: 'checked' }, { content: null, outcome: 'unknown' }]);
});
