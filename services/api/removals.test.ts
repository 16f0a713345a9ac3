import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ready, type SignedBatch, toHex } from '../../protocol/index.ts';
import { someBatch, someEvent } from '../../test/support/api.ts';
import { call } from '../../test/support/call-api.ts';
import { type Party, type ReadingWorld, readingWorld } from '../../test/support/reading-world.ts';

let world: ReadingWorld;
let owner: Party;
let friend: Party;
beforeAll(async () => {
  await ready();
  world = await readingWorld();
}, 30_000);
afterAll(() => world.close());
beforeEach(async () => {
  owner = world.party('owner');
  friend = world.party('friend');
  await world.it.vault.transit([{ app: world.app, wallet: owner.account.publicKey }]);
  await world.certify(friend);
  await world.grant(owner, friend);
});

const random = (length: number) => new Uint8Array(randomBytes(length));
const START = Date.UTC(2026, 0, 2);
/** Stored, of this many events a second apart, in sessions of two. */
async function storedBatch(count = 4, issuedAt = world.now()): Promise<SignedBatch> {
  const scope = (data: string) => ({ salt: toHex(random(16)), data });
  const events = Array.from({ length: count }, (_, i) =>
    someEvent({
      time: new Date(START + i * 1_000).toISOString(),
      session: `session ${i >> 1}`,
      scopes: { purchase: scope(`{"n":${i}}`) },
    }),
  );
  const { account } = owner;
  const batch = someBatch({ wallet: toHex(account.publicKey), keyPair: account, issuedAt, events });
  await world.store(batch);
  return batch;
}
const seenBy = async (party: Party) => {
  const { events } = await world.page(owner, world.token(party));
  return events.map(({ locator }) => locator.index);
};

test('what is removed by id, time or session is gone for everybody in the next read', async () => {
  const batch = await storedBatch(8);
  const ids = batch.events.map(({ id }) => id);
  expect(await seenBy(friend)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  await owner.requests.remove({ events: [ids[0] as string, ids[7] as string] });
  expect(await seenBy(friend)).toEqual([1, 2, 3, 4, 5, 6]);
  await owner.requests.remove({ from: START + 1_000, to: START + 2_000 });
  expect(await seenBy(friend)).toEqual([2, 3, 4, 5, 6]);
  await owner.requests.remove({ session: 'session 2' });
  expect(await seenBy(friend)).toEqual([2, 3, 6]);
  expect(await seenBy(owner)).toEqual([2, 3, 6]);
  expect((await world.read(owner, owner, 'purchase')).map(({ scopes }) => scopes.purchase)).toHaveLength(3);
});

test('it reaches what was signed until then, also when it arrives later, and nothing after', async () => {
  const signed = world.now();
  await owner.requests.remove({ session: 'session 0' });
  await storedBatch(2, signed);
  expect(await seenBy(owner)).toEqual([]);
  await storedBatch(2, world.now() + 1);
  expect(await seenBy(owner)).toEqual([0, 1]);
});

test('the same request is answered as the first time, and its state and the list tell of it without naming the session', async () => {
  await storedBatch();
  const { id } = await owner.requests.remove({ session: 'at the doctor' });
  world.pass(1);
  const { id: second } = await owner.requests.remove({ from: 5, to: 6 });
  const state = await owner.requests.removal(id);
  expect(state).toMatchObject({ id, kind: 'remove', state: 'committed', waitingFor: ['log'], receipts: [] });
  const list = await owner.requests.removals();
  expect(list).toMatchObject([
    { id: second, kind: 'remove', selects: { from: 5, to: 6 }, receipts: 0 },
    { id, kind: 'remove', selects: { session: true }, state: 'committed' },
  ]);
  expect(JSON.stringify([state, list])).not.toContain('doctor');
  const path = `${world.it.url}/v1/wallets/${toHex(owner.account.publicKey)}/apps/${toHex(world.app)}/removals`;
  const headers = world.token(owner, 'removals.read');
  const first = await call<{ next: string; removals: { id: string }[] }>(`${path}?limit=1`, { headers });
  expect(first.body.removals.map((one) => one.id)).toEqual([second]);
  const rest = await call<{ next: null; removals: { id: string }[] }>(`${path}?after=${first.body.next}`, { headers });
  expect(rest.body).toMatchObject({ next: null, removals: [{ id }] });
  const stranger = world.party('stranger');
  expect((await call(path, { headers: world.token(stranger, 'removals.read') })).status).toBe(403);
});

test('an explicit decryption of an event that was removed by id is refused', async () => {
  const batch = await storedBatch(2);
  const { events } = await world.page(owner, world.token(friend));
  const items = batch.events.map(({ id }, i) => ({
    ...{ eventId: id, scope: 'purchase', envelope: events[i]?.envelopes.purchase as string },
  }));
  const { rootVersion, subject } = events[0] as (typeof events)[number];
  const body = { app: toHex(world.app), wallet: toHex(owner.account.publicKey), rootVersion, subject, items };
  const headers = world.token(friend, 'crypto.decrypt');
  const decrypt = async () =>
    (await call<{ items: object[] }>(`${world.it.url}/v1/crypto/decrypt`, { headers, body })).body.items;
  expect(await decrypt()).toMatchObject([{ data: '{"n":0}' }, { data: '{"n":1}' }]);
  await owner.requests.remove({ events: [batch.events[0]?.id as string] });
  expect(await decrypt()).toMatchObject([{ code: 'removed' }, { data: '{"n":1}' }]);
});

test('of a batch that only its owner can open all is left out or nothing', async () => {
  const { events, batch } = await world.clientBatch(owner, 2);
  await world.store(batch);
  const times = events.map(({ time }) => Date.parse(time));
  await owner.requests.remove({ events: [events[0]?.id as string] });
  expect(await seenBy(owner)).toEqual([0, 1]);
  await owner.requests.remove({ from: Math.min(...times), to: Math.max(...times) + 1 });
  expect(await seenBy(owner)).toEqual([]);
});

test('nothing is removed where nothing was written, nothing of who is erased, and no more than 500 stretches of time', async () => {
  const nobody = world.party('nobody');
  const refused = (code: string) => expect.objectContaining({ code });
  await expect(nobody.requests.remove({ session: 's' })).rejects.toEqual(refused('nothing_to_remove'));
  const of = { app: world.app, wallet: owner.account.publicKey, issuedAt: world.now() - 1 };
  for (let n = 0; n < 499; n += 1)
    world.it.vault.tables.removals.push({ ...of, id: random(16), selector: { from: 10 * n, to: 10 * n + 5 } });
  await owner.requests.remove({ from: 8_000, to: 8_001 });
  await expect(owner.requests.remove({ from: 9_000, to: 9_001 })).rejects.toEqual(refused('too_many_ranges'));
  await owner.requests.remove({ from: 0, to: 9_999 });
  await owner.requests.remove({ from: 10_000, to: 10_001 });
  world.pass(1);
  await owner.requests.erase();
  world.pass(1);
  await expect(owner.requests.remove({ session: 's' })).rejects.toEqual(refused('erased'));
});

test('no more than 100,000 events of a wallet are kept removed by name, nor 1,000 removals on their way', async () => {
  const refused = expect.objectContaining({ code: 'too_many_removals' });
  const of = { app: world.app, wallet: owner.account.publicKey, issuedAt: world.now() - 1 };
  const { removals } = world.it.vault.tables;
  const events = Array.from({ length: 100_000 }, (_, n) => `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`);
  removals.push({ ...of, id: random(16), selector: { events } });
  await owner.requests.remove({ events: events.slice(0, 1) });
  await expect(owner.requests.remove({ session: 's' })).rejects.toEqual(refused);
  await owner.requests.remove({ from: 1, to: 2 });
  removals.splice(0);
  for (let n = 0; n < 999; n += 1) removals.push({ ...of, id: random(16), selector: { events: events.slice(0, 1) } });
  await owner.requests.remove({ session: 's' });
  await expect(owner.requests.remove({ session: 't' })).rejects.toEqual(refused);
});
