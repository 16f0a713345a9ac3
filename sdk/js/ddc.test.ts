import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { encodeBearer, encodeSs58, keyPairFromSeed, toHex, verifyDisclosure } from '../../protocol/index.ts';
import { app as appKeys, type MemoryApi, startMemoryApi } from '../../test/support/api.ts';
import { memoryRooms } from '../../test/support/memory-rooms.ts';
import {
  Account,
  accountFromPhrase,
  appToken,
  BatchRefused,
  ClientClosed,
  type ConnectOptions,
  Ddc,
  deriveAccount,
  EventsLost,
  NoCertificate,
  type ReadEvent,
} from './index.ts';
import { fileQueue } from './node/index.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk//facade';
const HOUR = 3_600_000;

let it: MemoryApi;
let rooms: ReturnType<typeof memoryRooms>;
let root: Account;
let working: ReturnType<typeof setInterval>;
const open: Ddc[] = [];

beforeAll(async () => {
  it = await startMemoryApi();
  rooms = memoryRooms(it, it.vault);
  root = await accountFromPhrase(PHRASE);
  working = setInterval(() => void rooms.run(), 10);
});
afterAll(async () => {
  clearInterval(working);
  await it.api.close();
});
let ddc: Ddc;
beforeEach(async () => {
  ddc = await connect();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

function newPair(): [publicKey: Uint8Array, secretKey: Uint8Array] {
  const { publicKey, secretKey } = keyPairFromSeed('sr25519', new Uint8Array(randomBytes(32)));
  return [publicKey, secretKey];
}
const someone = () => deriveAccount(root, `//${randomBytes(6).toString('hex')}`);
async function connect(options: Partial<ConnectOptions> = {}): Promise<Ddc> {
  const made = await Ddc.connect({ url: it.url, app: appKeys.publicKey, account: someone(), ...options });
  open.push(made);
  return made;
}
async function all(events: AsyncIterable<ReadEvent>): Promise<ReadEvent[]> {
  const found: ReadEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

test('what is recorded comes back decrypted, under the wallet’s signature, and is proved without the service', async () => {
  const { key } = (await (await fetch(`${it.url}/v1/receipt-key`)).json()) as { key: string };
  expect([ddc.network, toHex(ddc.receiptKey)]).toEqual(['cere-sandbox', key]);
  const time = new Date('2026-02-03T04:05:06.007Z');
  const recorded = ddc.record(
    'PURCHASE',
    { purchase: { dollars: 29.33 }, profile: { name: 'Ann' } },
    { time, session: 's1' },
  );
  await ddc.flush();
  const { batchId, eventId } = await recorded;
  const [event, ...more] = await all(ddc.events({ scopes: ['purchase', 'profile'] }));
  if (!event) throw new Error('no event');
  expect(more).toEqual([]);
  expect(event).toMatchObject({
    ...{ batchId, id: eventId, type: 'PURCHASE', time: time.toISOString(), session: 's1', signer: 'wallet' },
    ...{ wallet: toHex(ddc.account.publicKey), scopes: { purchase: '{"dollars":29.33}', profile: '{"name":"Ann"}' } },
  });
  expect(verifyDisclosure(event.disclosure).opened).toEqual(event.scopes);
});

test('events are told apart by scope, type and time, and fields are split as connect was told', async () => {
  const split = await connect({ scopes: { purchase: ['dollars'] } });
  const at = (day: number) => new Date(Date.UTC(2026, 0, day));
  split.recordData('A', { dollars: 1, page: '/' }, { time: at(1) });
  split.recordData('B', { dollars: 2 }, { time: at(2) });
  split.record('B', { other: 3 }, { time: at(3) });
  await split.flush();
  const types = async (filter: Parameters<Ddc['events']>[0]) =>
    (await all(split.events(filter))).map(({ time }) => new Date(time).getUTCDate());
  expect((await all(split.events())).map(({ scopes }) => scopes)).toEqual([
    { purchase: '{"dollars":1}', __default_scope: '{"page":"/"}' },
    { purchase: '{"dollars":2}' },
    { other: '3' },
  ]);
  expect((await all(split.events({ scopes: ['other'] }))).map(({ scopes }) => scopes)).toEqual([{ other: '3' }]);
  expect(await types({ type: 'B' })).toEqual([2, 3]);
  expect(await types({ scopes: ['other', 'purchase'], from: at(2) })).toEqual([2, 3]);
  expect(await types({ scopes: ['other', 'purchase'], from: at(2), to: at(3) })).toEqual([2]);
});

test('a blob is named by an event, and comes back; one that was granted reads it, others do not', async () => {
  const bytes = new Uint8Array(randomBytes(1_500_000));
  const cid = await ddc.blob(bytes, { scope: 'photo' });
  ddc.record('PHOTO', { photo: { caption: 'a lake' } }, { blob: cid });
  await ddc.flush();
  const [event] = await all(ddc.events());
  expect(event?.disclosure.event.blob).toBe(cid);
  const same = (read: Uint8Array) => Buffer.compare(read, bytes) === 0;
  expect(same(await (await ddc.readBlob(cid)).bytes())).toBe(true);
  const friend = await connect();
  const wallet = ddc.account.publicKey;
  await expect(friend.readBlob(cid, { wallet })).rejects.toMatchObject({ code: 'unknown_blob' });
  await friend.certify(new Date(Date.now() + HOUR));
  await ddc.grant({ scope: 'photo', to: friend.account.publicKey, expiresAt: new Date(Date.now() + HOUR) });
  expect(same(await (await friend.readBlob(cid, { wallet })).bytes())).toBe(true);
});

test('a receipt is the operator’s, judged claim by claim; a changed one is not', async () => {
  const recorded = ddc.record('X', { a: 1 });
  await ddc.flush();
  const { batchId, eventId } = await recorded;
  for (const named of [{ batchId }, { eventId }]) {
    const receipt = await ddc.receipt(named);
    const judged = ddc.verify(receipt);
    expect(judged.claims.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    expect([judged.ok, judged.claims.length > 3]).toEqual([true, true]);
    const changed = `${receipt.payload.slice(0, -2)}${receipt.payload.endsWith('AA') ? 'BB' : 'AA'}`;
    expect(ddc.verify({ ...receipt, payload: changed }).ok).toBe(false);
  }
});

test('a removed event is left out of what is read', async () => {
  const gone = ddc.record('X', { a: 1 });
  ddc.record('X', { a: 2 });
  await ddc.flush();
  const { id } = await ddc.remove({ events: [gone.eventId] });
  expect(await ddc.removal(id)).toMatchObject({ id, kind: 'remove' });
  expect((await all(ddc.events())).map(({ scopes }) => scopes.a)).toEqual(['2']);
});

test('what is sent again is sent as it was: one upload has one id, whatever became of its answer', async () => {
  const ids: (string | null)[] = [];
  const lossy: typeof fetch = async (url, init) => {
    const answer = await fetch(url, init);
    const { pathname, searchParams } = new URL(String(url));
    if (!pathname.endsWith('/blobs')) return answer;
    ids.push(searchParams.get('upload'));
    if (ids.length === 1) throw new TypeError('the answer was lost');
    return answer;
  };
  const unlucky = await connect({ fetch: lossy });
  const cid = await unlucky.blob(new Uint8Array(10));
  expect(ids).toEqual([ids[0], ids[0]]);
  expect(await (await unlucky.readBlob(cid)).bytes()).toEqual(new Uint8Array(10));
});

test('a scope is granted to a wallet by its address, and taken back', async () => {
  const friend = await connect();
  ddc.record('PURCHASE', { purchase: 1, profile: 2 });
  await ddc.flush();
  const to = encodeSs58({ prefix: 54, key: friend.account.publicKey });
  const granting = { scope: 'purchase', to, expiresAt: new Date(Date.now() + HOUR) };
  await expect(ddc.grant(granting)).rejects.toThrow(NoCertificate);
  await friend.certify(new Date(Date.now() + HOUR));
  const { id } = await ddc.grant(granting);
  const wanted = { wallet: toHex(ddc.account.publicKey), scopes: ['purchase', 'profile'] };
  expect((await all(friend.events(wanted))).map(({ scopes }) => scopes)).toEqual([{ purchase: '1' }]);
  // Another process of the friend, with nothing but the account.
  const again = await connect({ account: friend.account });
  expect(await all(again.events(wanted))).toHaveLength(1);
  await ddc.revoke(id);
  expect(await all(friend.events(wanted))).toEqual([]);
});

test('an erasure is committed, and tells how far it is', async () => {
  ddc.record('X', { a: 1 });
  await ddc.flush();
  const { id } = await ddc.erase();
  expect(await ddc.removal(id)).toMatchObject({ id, state: 'committed' });
  await expect(ddc.erase()).rejects.toMatchObject({ code: 'already_erased' });
});

test('a loss is told to whoever waits for the event, to onLost, and to the next flush', async () => {
  const told: string[] = [];
  const unknown = await connect({ app: 'ab'.repeat(32), onLost: ({ eventId }) => void told.push(eventId) });
  const recorded = unknown.record('X', { a: 2 });
  await expect(unknown.flush()).rejects.toThrow(EventsLost);
  expect(told).toEqual([recorded.eventId]);
  await expect(recorded).rejects.toMatchObject({ code: 'unknown_app' });
  await expect(recorded).rejects.toBeInstanceOf(BatchRefused);
  await unknown.flush();
});

test('what no service would take is refused at once, and spoils no batch', async () => {
  expect(() => ddc.record('', { a: 1 })).toThrow('type');
  expect(() => ddc.record('X', {})).toThrow('scope');
  expect(() => ddc.record('X', { __meta: 1 })).toThrow('scope');
  expect(() => ddc.record('X', { a: 1 }, { blob: 'no CID' })).toThrow('blob');
  const sent = ddc.record('X', { a: 1 });
  // Each fits a batch, and not both together.
  const large = [ddc.record('X', { a: 'x'.repeat(600_000) }), ddc.record('X', { a: 'x'.repeat(600_000) })];
  await ddc.flush();
  expect(new Set((await Promise.all([sent, ...large])).map(({ batchId }) => batchId)).size).toBe(2);
});

test('in an app that is not open one token of the app lets batches and blobs in, and each carries one that was asked for anew', async () => {
  const closed = new Account(...newPair());
  await it.apps.add({ app: closed.publicKey, tier: 'free', open: false });
  const given: string[] = [];
  const seen: (string | null)[] = [];
  const watched: typeof fetch = (url, init) => {
    const headers = new Headers(init?.headers);
    const { pathname } = new URL(String(url));
    if (pathname === '/v1/batches') seen.push(headers.get('authorization')?.replace('Bearer ', '') ?? null);
    if (pathname.endsWith('/blobs')) seen.push(headers.get('ddc-app-token'));
    return fetch(url, init);
  };
  const token = async () => {
    given.push(encodeBearer(appToken(closed, { network: 'cere-sandbox', operations: ['batches.write'] })));
    return given.at(-1) as string;
  };
  const admitted = await connect({ app: closed.publicKey, token, fetch: watched, maxEvents: 1 });
  await Promise.all([admitted.record('X', { a: 1 }), admitted.record('X', { a: 2 })]);
  const cid = await admitted.blob(new Uint8Array(10));
  expect(await (await admitted.readBlob(cid)).bytes()).toEqual(new Uint8Array(10));
  expect(seen).toEqual(given);
  expect(new Set(given).size).toBe(3);
  const without = await connect({ app: closed.publicKey });
  await expect(without.blob(new Uint8Array(10))).rejects.toMatchObject({ code: 'app_closed' });
});

test('what waited in a file when it was closed is delivered by the next, as the same source', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ddc-outbox-'));
  try {
    const account = someone();
    const away: typeof fetch = async (url, init) => {
      if (String(url).endsWith('/v1/batches')) throw new TypeError('no network');
      return fetch(url, init);
    };
    const first = await Ddc.connect({
      url: it.url,
      app: appKeys.publicKey,
      account,
      queue: fileQueue(folder),
      fetch: away,
    });
    const recorded = first.record('X', { a: 1 });
    await first.close();
    await recorded.queued;
    await expect(recorded).rejects.toThrow(ClientClosed);
    const second = await connect({ account, queue: fileQueue(folder) });
    second.record('X', { a: 2 });
    await second.flush();
    const found = await all(second.events({ scopes: ['a'] }));
    expect(found.map(({ scopes, disclosure }) => [scopes.a, disclosure.header.seq]).sort()).toEqual([
      ['1', 0],
      ['2', 1],
    ]);
    expect(new Set(found.map(({ disclosure }) => disclosure.header.source)).size).toBe(1);
  } finally {
    await Promise.all(open.splice(0).map((one) => one.close()));
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a key that has not 32 bytes is refused, whatever it is written in', async () => {
  for (const app of [new Uint8Array(31), new Uint8Array(33), new Uint8Array()])
    await expect(connect({ app })).rejects.toMatchObject({ name: 'ProtocolError', code: 'length' });
  await expect(connect({ app: 'ab'.repeat(31) })).rejects.toMatchObject({ name: 'ProtocolError' });
  await expect(connect({ network: 'cere-sandbox', receiptKey: new Uint8Array(33) })).rejects.toThrow('32 bytes');
  await expect(
    ddc.grant({ scope: 'a', to: new Uint8Array(64), expiresAt: new Date(Date.now() + HOUR) }),
  ).rejects.toThrow('32 bytes');
});

test('an address that is no API says so', async () => {
  const answers: typeof fetch = async () => Response.json({ hello: 'world' });
  await expect(connect({ fetch: answers })).rejects.toThrow('is the address that of an API?');
  // Whoever gives both asks nobody.
  const given = await connect({ network: 'cere-sandbox', receiptKey: '09'.repeat(32), fetch: answers });
  expect(given.network).toBe('cere-sandbox');
});
