import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { commitment, fromBase64url, fromHex, META_SCOPE, subjectOf, toBase64url, toHex } from '../../protocol/index.ts';
import { call } from '../../test/support/call-api.ts';
import { HOUR, type Party, type ReadingWorld, readingWorld } from '../../test/support/reading-world.ts';
import { eventually } from '../../test/support/room-process.ts';
import { RetriableError } from '../pipeline/errors.ts';
import { createDecrypt } from './explicit/decrypt.ts';

interface Sealed {
  readonly subject: string;
  readonly rootVersion: number;
  readonly epoch: number;
  readonly events: readonly {
    readonly id: string;
    readonly scopes: Readonly<Record<string, { salt: string; commitment: string; envelope: string }>>;
  }[];
}
interface Item {
  readonly eventId: string;
  readonly scope: string;
  readonly envelope: string;
}
interface Opened {
  readonly items: readonly { data?: string; salt?: string; commitment?: string; code?: string }[];
}

let world: ReadingWorld;
let owner: Party;
let friend: Party;

beforeAll(async () => {
  world = await readingWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  [owner, friend] = [world.party('owner'), world.party('friend')];
  await world.certify(friend);
});

const EVENTS = [
  { id: 'a', scopes: { purchase: '{"sum":1}', profile: '{"name":"Zoë"}' } },
  { id: 'b', scopes: { purchase: '' } },
];
const asApp = (operation: string) => world.appToken('*', operation);
const named = () => ({ app: toHex(world.app), wallet: toHex(owner.account.publicKey) });
const encrypt = (body: object = {}, headers = asApp('crypto.encrypt')) =>
  call<Sealed>(`${world.it.url}/v1/crypto/encrypt`, { headers, body: { ...named(), events: EVENTS, ...body } });
const decrypt = (body: object, headers = asApp('crypto.decrypt')) =>
  call<Opened>(`${world.it.url}/v1/crypto/decrypt`, { headers, body: { ...named(), ...body } });
const itemsOf = ({ events }: Sealed): Item[] =>
  events.flatMap(({ id, scopes }) =>
    Object.entries(scopes).map(([scope, { envelope }]) => ({ eventId: id, scope, envelope })),
  );
const allow = (scopes: string[]) => owner.requests.policy({ scopes, recipients: 'app', expiresAt: world.now() + HOUR });

/** Sealed by the app, with what a later question needs. */
async function sealed() {
  const { status, body } = await encrypt();
  expect(status).toBe(200);
  const { subject, rootVersion } = body;
  return { body, under: { subject, rootVersion }, items: itemsOf(body) };
}

test('keys that were given are overwritten though the look as another certificate fails', async () => {
  const { body, under, items } = await sealed();
  world.pass(1);
  await world.certify({ ...friend, pair: world.party('same').pair });
  const key = new Uint8Array(32).fill(7);
  let looks = 0;
  const decryptor = createDecrypt({
    vault: {
      async scopeKeys(requests) {
        looks += 1;
        if (looks > 1) throw new RetriableError('vault_slow', 'the database is away');
        return requests.map((_, i) => (i === 0 ? { key, by: 'ab'.repeat(16), recipient: null } : null));
      },
    },
    consents: world.it.consents,
    removedEvents: { of: async (events) => events.map(() => null) },
    now: world.now,
  });
  const caller = { app: toHex(world.app), wallet: toHex(friend.account.publicKey), signer: 'wallet' as const };
  const of = { app: world.app, wallet: owner.account.publicKey, ...under, subject: fromHex(body.subject, 32) };
  await expect(decryptor(caller, of, items)).rejects.toMatchObject({ code: 'vault_slow' });
  expect([looks, [...key].every((byte) => byte === 0)]).toEqual([2, true]);
});

describe('round trip', () => {
  test('the app gets back what it gave, as far as the policy allows it, and the wallet sees it in its log', async () => {
    const { body, under, items } = await sealed();
    expect(body).toMatchObject({ rootVersion: 1, epoch: 0 });
    for (const { id, scopes } of body.events)
      for (const [name, { salt, commitment: told }] of Object.entries(scopes)) {
        const data = EVENTS.find((one) => one.id === id)?.scopes[name as 'purchase'] as string;
        expect(told).toBe(toHex(commitment(fromHex(salt, 16), data)));
      }
    const { id: policy } = await allow(['purchase']);
    const opened = (await decrypt({ ...under, items })).body.items;
    const { purchase } = body.events[0]?.scopes ?? {};
    expect(opened).toEqual([
      { data: '{"sum":1}', salt: purchase?.salt, commitment: purchase?.commitment },
      { code: 'no_key' },
      { data: '', salt: expect.any(String), commitment: expect.any(String) },
    ]);
    const { accesses } = await owner.requests.accessLog();
    expect(accesses).toMatchObject([{ reader: `app:${toHex(world.app)}`, scope: 'purchase', epoch: 0, by: policy }]);
    expect(accesses).toHaveLength(1);
  });

  test('a wallet opens by a grant, and what a disclosure returned as well', async () => {
    const batch = world.batchOf(owner, 1);
    await world.store(batch);
    const { id: grant } = await world.grant(owner, friend);
    const [event] = (await world.page(owner, world.token(friend))).events;
    if (!event?.disclosure) throw new Error('no event');
    const { subject, rootVersion } = event;
    const item = { eventId: event.disclosure.event.id, scope: 'purchase', envelope: event.envelopes.purchase };
    const opened = await decrypt({ subject, rootVersion, items: [item] }, world.token(friend, 'crypto.decrypt'));
    expect(opened.body.items).toMatchObject([{ data: '{"sum":0}' }]);
    expect(opened.body.items[0]?.commitment).toBe(
      (event.disclosure.event.scopes.purchase as { commitment: string }).commitment,
    );
    expect((await owner.requests.accessLog()).accesses).toMatchObject([
      { reader: `wallet:${toHex(friend.account.publicKey)}`, scope: 'purchase', by: grant },
    ]);
  });

  test('what a wallet encrypts for itself in an open app opens for the app under a policy', async () => {
    const { body } = await encrypt({}, world.token(owner, 'crypto.encrypt'));
    await allow(['profile']);
    const { subject, rootVersion } = body;
    const opened = (await decrypt({ subject, rootVersion, items: itemsOf(body) })).body.items;
    expect(opened.map(({ data, code }) => data ?? code)).toEqual(['no_key', '{"name":"Zoë"}', 'no_key']);
  });

  test('a new epoch seals under a new key; the policy opens both', async () => {
    const before = await sealed();
    await owner.requests.revoke((await world.grant(owner, friend)).id);
    world.cachesEnd();
    const after = await sealed();
    expect([before.body.epoch, after.body.epoch]).toEqual([0, 1]);
    await allow(['purchase']);
    const items = [before.items[0], after.items[0]];
    const opened = await decrypt({ ...after.under, items });
    expect(opened.body.items.map(({ data }) => data)).toEqual(['{"sum":1}', '{"sum":1}']);
  });
});

describe('no key', () => {
  test('for whom nothing was allowed: without policy, with another scope, expired, revoked, as a stranger', async () => {
    const { under, items } = await sealed();
    const codes = async (headers = asApp('crypto.decrypt')) => {
      const { status, body } = await decrypt({ ...under, items: items.slice(0, 1) }, headers);
      return [status, ...body.items.map(({ code }) => code)];
    };
    expect(await codes()).toEqual([200, 'no_key']);
    await allow(['profile']);
    world.cachesEnd();
    expect(await codes()).toEqual([200, 'no_key']);
    world.pass(1_000);
    const { id } = await allow(['purchase']);
    world.cachesEnd();
    expect(await codes()).toEqual([200, undefined]);
    await owner.requests.revoke(id);
    world.cachesEnd();
    expect(await codes()).toEqual([200, 'no_key']);

    const asFriend = () => world.token(friend, 'crypto.decrypt');
    expect(await codes(asFriend())).toEqual([200, 'no_key']);
    await world.grant(owner, friend, { ms: 20_000 });
    world.cachesEnd();
    expect(await codes(asFriend())).toEqual([200, undefined]);
    const stranger = world.party('stranger');
    expect(await codes(world.token(stranger, 'crypto.decrypt'))).toEqual([200, 'no_key']);
    world.pass(20_000);
    expect(await codes(asFriend())).toEqual([200, 'no_key']);
    // Nobody is given the wallet's own keys by a token: it asks for them with a signed request.
    expect(await codes(world.token(owner, 'crypto.decrypt'))).toEqual([200, 'no_key']);
  });

  test('once the wallet is erased; nor can anything be encrypted for it', async () => {
    const { under, items } = await sealed();
    await allow(['purchase', 'profile']);
    await owner.requests.erase();
    world.cachesEnd();
    const { body } = await decrypt({ ...under, items });
    expect(body.items.map(({ code }) => code)).toEqual(['no_key', 'no_key', 'no_key']);
    expect(await encrypt()).toMatchObject({ status: 410, body: { code: 'erased' } });
  });

  test('where the client keeps the keys; nor can the service encrypt there', async () => {
    await sealed();
    const subject = subjectOf(new Uint8Array(32).fill(7));
    const { rootVersion } = await owner.requests.move({ mode: 'client', subject, epoch: 0 });
    await allow(['purchase']);
    world.cachesEnd();
    expect(await encrypt()).toMatchObject({ status: 409, body: { code: 'client_keys' } });
    const item = { eventId: 'a', scope: 'purchase', envelope: envelope() };
    const { body } = await decrypt({ subject: toHex(subject), rootVersion, items: [item] });
    expect(body.items).toEqual([{ code: 'no_key' }]);
  });
});

/** Has the form of one, of epoch 0. */
const envelope = (more: (bytes: Uint8Array) => void = () => undefined): string => {
  const bytes = new Uint8Array(94);
  bytes.set([1, 1]);
  more(bytes);
  return toBase64url(bytes);
};

describe('refusals', () => {
  test('an envelope that is broken, or belongs elsewhere, is told by its code and fails no other', async () => {
    const { under, items } = await sealed();
    await allow(['purchase', 'profile']);
    const [first, profile] = items as [Item, Item];
    const changed = fromBase64url(first.envelope);
    changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
    const cases: [Partial<Item>, string][] = [
      [{ envelope: '!' }, 'base64url'],
      [{ envelope: 'AQE' }, 'length'],
      [{ envelope: envelope((bytes) => bytes.set([2])) }, 'version'],
      [{ envelope: envelope((bytes) => bytes.set([1, 2])) }, 'suite'],
      [{ envelope: envelope((bytes) => bytes.set([0, 0, 0, 9], 2)) }, 'no_key'],
      [{ envelope: toBase64url(changed) }, 'tag'],
      [{ eventId: 'b' }, 'commitment'],
      [{ eventId: '\ud800' }, 'id'],
      [{ envelope: profile.envelope }, 'commitment'],
      [{ scope: 'geo' }, 'no_key'],
      [{ scope: META_SCOPE }, 'scope'],
    ];
    const asked = [first, ...cases.map(([over]) => ({ ...first, ...over }))];
    const { body } = await decrypt({ ...under, items: asked });
    expect(body.items.map(({ data, code }) => data ?? code)).toEqual(['{"sum":1}', ...cases.map(([, code]) => code)]);
    const elsewhere = await decrypt({ ...under, subject: '00'.repeat(32), items: [first] });
    expect(elsewhere.body.items).toEqual([{ code: 'commitment' }]);
    const unborn = await decrypt({ ...under, rootVersion: 9, items: [first] });
    expect(unborn.body.items).toEqual([{ code: 'no_key' }]);
  });

  test('of who calls', async () => {
    const { under, items } = await sealed();
    const none = { authorization: 'Bearer x' };
    expect(await encrypt({}, none)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    expect(await decrypt({ ...under, items }, none)).toMatchObject({ status: 401 });
    expect(await encrypt({}, asApp('crypto.decrypt'))).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await decrypt({ ...under, items }, asApp('crypto.encrypt'))).toMatchObject({ status: 403 });
    const forAnother = (operation: string) => world.appToken(friend.account.publicKey, operation);
    expect(await encrypt({}, forAnother('crypto.encrypt'))).toMatchObject({ body: { code: 'forbidden' } });
    expect(await decrypt({ ...under, items }, forAnother('crypto.decrypt'))).toMatchObject({ status: 403 });
    expect(await encrypt({}, world.token(friend, 'crypto.encrypt'))).toMatchObject({ status: 403 });
    expect(await encrypt({ app: 'ab'.repeat(32) })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  test('of an app that is closed, or that nobody registered: no root is made for it', async () => {
    const closed = await readingWorld();
    try {
      const writer = closed.party('writer');
      const body = { ...named(), wallet: toHex(writer.account.publicKey), events: EVENTS };
      const url = `${closed.it.url}/v1/crypto/encrypt`;
      await closed.it.apps.add({ app: closed.app, tier: 'free', open: false });
      expect(await call(url, { headers: closed.token(writer, 'crypto.encrypt'), body })).toMatchObject({
        status: 403,
        body: { code: 'app_closed' },
      });
      expect((await call(url, { headers: closed.appToken('*', 'crypto.encrypt'), body })).status).toBe(200);
    } finally {
      await closed.close();
    }
    const without = await readingWorld({ apps: { find: async () => null } as never });
    try {
      const headers = without.appToken('*', 'crypto.encrypt');
      const answer = await call(`${without.it.url}/v1/crypto/encrypt`, {
        headers,
        body: { ...named(), events: EVENTS },
      });
      expect(answer).toMatchObject({ status: 403, body: { code: 'unknown_app' } });
      const ref = { app: world.app, wallet: owner.account.publicKey, rootVersion: 1 };
      expect(await without.it.vault.roots([ref])).toEqual([undefined]);
    } finally {
      await without.close();
    }
  });

  test.each([
    ['no event', { events: [] }, 400, 'invalid'],
    ['no id', { events: [{ id: '', scopes: {} }] }, 400, 'invalid'],
    ['an unknown member', { what: 1 }, 400, 'invalid'],
    ['a name that is no scope', { events: [{ id: 'a', scopes: { 'no scope': '' } }] }, 400, 'invalid'],
    ['a thousand and one scopes', { events: manyEvents(1_001) }, 400, 'invalid'],
    ['a reserved scope', { events: [{ id: 'a', scopes: { [META_SCOPE]: '{}' } }] }, 422, 'scope'],
    ['half a character', { events: [{ id: 'a', scopes: { purchase: '\ud800' } }] }, 422, 'data'],
    ['half a character in the id', { events: [{ id: '\udc00', scopes: { purchase: '' } }] }, 422, 'id'],
    ['too much', { events: [{ id: 'a', scopes: { purchase: 'x'.repeat(2_000_000) } }] }, 413, 'payload_too_large'],
  ])('of what cannot be encrypted: %s', async (_what, body, status, code) => {
    expect(await encrypt(body)).toMatchObject({ status, body: { code } });
  });

  test('of what cannot be asked: a thousand and one envelopes, another shape, another type of content', async () => {
    const { under, items } = await sealed();
    const many = Array.from({ length: 1_001 }, () => items[0]);
    expect(await decrypt({ ...under, items: many })).toMatchObject({ status: 400, body: { code: 'invalid' } });
    expect(await decrypt({ ...under, items: [] })).toMatchObject({ status: 400 });
    expect(await decrypt({ items })).toMatchObject({ status: 400 });
    const headers = { ...asApp('crypto.decrypt'), 'content-type': 'text/plain' };
    expect(await decrypt({ ...under, items }, headers)).toMatchObject({ status: 415, body: { code: 'content_type' } });
  });

  test('while the memory for bodies is taken: 503, and nothing is held afterwards', async () => {
    const long = [{ id: 'a', scopes: { purchase: 'x'.repeat(1_500) } }];
    const bytes = Buffer.from(JSON.stringify({ ...named(), events: long }));
    const small = await readingWorld({ limits: { bodyBytes: bytes.length + 100 } });
    try {
      const url = `${small.it.url}/v1/crypto/encrypt`;
      const headers = { ...small.appToken('*', 'crypto.encrypt'), 'content-type': 'application/json' };
      const body = { ...named(), events: EVENTS };
      const slow = request(url, { method: 'POST', headers: { ...headers, 'content-length': bytes.length } });
      slow.write(bytes.subarray(0, -1));
      const statusIs = (status: number) =>
        eventually(
          `${status}`,
          async () => ((await call(url, { headers, body })).status === status ? true : null),
          5_000,
        );
      await statusIs(503);
      const answered = once(slow, 'response');
      slow.end(bytes.subarray(-1));
      const [answer] = (await answered) as [IncomingMessage];
      answer.resume();
      expect(answer.statusCode).toBe(200);
      await statusIs(200);
    } finally {
      await small.close();
    }
  });
});

function manyEvents(count: number) {
  return Array.from({ length: count }, (_, i) => ({ id: `${i}`, scopes: { purchase: 'x' } }));
}

test('the most that one call takes goes there and back', async () => {
  const { body } = await encrypt({ events: manyEvents(1_000) });
  await allow(['purchase']);
  const { subject, rootVersion } = body;
  const opened = await decrypt({ subject, rootVersion, items: itemsOf(body) });
  expect(opened.body.items.filter(({ data }) => data === 'x')).toHaveLength(1_000);
});
