import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parseKeks } from '../../../connectors/kms/kek-list.ts';
import { createMemoryConsents } from '../../../connectors/vault/memory-consents.ts';
import { createMemoryRequests } from '../../../connectors/vault/memory-requests.ts';
import { createMemoryVault, type VaultTwin } from '../../../connectors/vault/memory-vault.ts';
import { encodeNdjson, subjectOf, toBase64url, toHex } from '../../../protocol/index.ts';
import { app as appKeys, type MemoryApi, someBatch, someEvent, startMemoryApi } from '../../../test/support/api.ts';
import { lies } from '../../../test/support/lying-clients.ts';
import { memoryRooms } from '../../../test/support/memory-rooms.ts';
import {
  type Account,
  accountFromPhrase,
  BatchRefused,
  type ClientMode,
  DdcClient,
  deriveAccount,
  type KeyStore,
  memoryKeyStore,
  RootNotHeld,
  RootsDestroyed,
  StoredBatchRefused,
} from '../index.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk//client-mode';
const app = appKeys.publicKey;
const bytes = (length: number) => new Uint8Array(randomBytes(length));

let vault: VaultTwin;
let it: MemoryApi;
let rooms: ReturnType<typeof memoryRooms>;
let parent: Account;
/** By which the vault's caches end. */
let passed = 0;
const cachesEnd = () => {
  passed += 5_001;
};

beforeAll(async () => {
  const keks = parseKeks(`1 ${'07'.repeat(32)}`);
  const random = { bytes };
  vault = createMemoryVault({ keks, random, clock: { now: () => passed }, calendar: { now: () => Date.now() } });
  const requests = createMemoryRequests(vault.tables, keks, random);
  it = await startMemoryApi({ vault, requests, consents: createMemoryConsents(vault.tables) });
  rooms = memoryRooms(it, vault);
  parent = await accountFromPhrase(PHRASE);
});
afterAll(() => it.api.close());

/** What the wire saw, and a hand in it. */
let sent: { path: string; body: string }[];
let interfere: (path: string, answer: Response) => Promise<Response>;
let account: Account;
let client: DdcClient;
let store: KeyStore;

beforeEach(() => {
  sent = [];
  interfere = async (_path, answer) => answer;
  account = deriveAccount(parent, `//${randomBytes(6).toString('hex')}`);
  store = memoryKeyStore();
  const wire: typeof fetch = async (url, init) => {
    const path = new URL(String(url)).pathname;
    sent.push({ path, body: Buffer.from((init?.body as Uint8Array) ?? []).toString() });
    return interfere(path, await fetch(url, init));
  };
  client = new DdcClient({
    ...{ endpoint: it.url, network: 'cere-sandbox', app, fetch: wire },
    ...{ maxDelayMs: 5, statusEveryMs: 5, backoff: { firstMs: 5, longestMs: 20 } },
  });
});
afterEach(() => client.close());

/** In client mode, and the service knows. */
async function inClientMode(userRoot?: Uint8Array): Promise<ClientMode> {
  const mode = await client.clientMode(account, store);
  await mode.moveToClient(userRoot);
  cachesEnd();
  return mode;
}
const runRooms = () => void rooms.run();
const record = (mode: ClientMode, sum: string) => {
  const stream = client.stream(account, { purchase: ['sum'] }, { onAccepted: runRooms, mode });
  return stream.record({ type: 'PURCHASE', data: { sum, page: '/checkout' } });
};
const batchesSent = () => sent.filter(({ path }) => path === '/v1/batches').map(({ body }) => body);

async function readAll(mode: ClientMode) {
  const found = [];
  for await (const one of mode.read(rooms.fetchBlock)) found.push(one);
  return found;
}
const sums = async (mode: ClientMode) =>
  (await readAll(mode)).flatMap((one) =>
    one.kind === 'opened' ? one.batch.events.map((event) => 'scopes' in event && event.scopes.purchase) : [one.kind],
  );

describe('a wallet in client mode', () => {
  test('sends nothing that the service can read, never its root, and reads everything back from IPFS', async () => {
    const userRoot = bytes(32);
    const mode = await inClientMode(userRoot);
    expect(mode.current).toEqual({ subject: toHex(subjectOf(userRoot)), epoch: 0 });
    const ids = [await record(mode, 'nineteen'), await record(mode, 'twenty')];
    const wire = sent.map(({ body }) => body).join();
    for (const secret of ['nineteen', 'checkout', toHex(userRoot), toBase64url(userRoot)])
      expect(wire).not.toContain(secret);

    const found = await readAll(mode);
    expect(found.map((one) => one.kind === 'opened' && one.batch.batchId)).toEqual(ids);
    expect(await sums(mode)).toEqual(['{"sum":"nineteen"}', '{"sum":"twenty"}']);
    const [transit] = await vault.reopen().transit([{ app, wallet: account.publicKey }]);
    expect([transit?.mode, toHex(transit?.subject as Uint8Array)]).toEqual(['client', mode.current?.subject]);
  });

  test('begins an epoch by itself: what is written later opens with other keys, and the store knows it first', async () => {
    const mode = await inClientMode();
    await record(mode, 'before');
    expect(await mode.newEpoch()).toBe(1);
    expect((await store.load()).map(({ epoch, state }) => [epoch, state])).toEqual([[1, 'current']]);
    await record(mode, 'after');
    expect(rooms.pinned.slice(-2).map(({ value }) => value.body?.epoch)).toEqual([0, 1]);
    expect(await sums(mode)).toEqual(['{"sum":"before"}', '{"sum":"after"}']);
  });

  test('moves back under a new subject; what it wrote before still opens, and the same root is not taken again', async () => {
    const userRoot = bytes(32);
    const mode = await inClientMode(userRoot);
    await record(mode, 'mine');
    await mode.moveToService();
    cachesEnd();
    expect(mode.mode).toBe('service');
    await record(mode, "the service's");
    expect(rooms.pinned.at(-1)?.value.body?.mode).toBe('service');
    expect(await sums(mode)).toEqual(['{"sum":"mine"}', 'other']);

    await expect(mode.moveToClient(userRoot)).rejects.toMatchObject({ code: 'root' });
    await mode.moveToClient();
    cachesEnd();
    await record(mode, 'mine again');
    expect(await sums(mode)).toEqual(['{"sum":"mine"}', 'other', '{"sum":"mine again"}']);
    // A later start finds all of it in the store.
    expect(await sums(await client.clientMode(account, store))).toHaveLength(3);
  });
});

describe('batches on their way while the wallet moves', () => {
  test('are signed and encrypted anew when the service still, or already, has another mode: nothing lost, nothing twice', async () => {
    const mode = await client.clientMode(account, store);
    await record(mode, 'plain');
    await mode.moveToClient();
    // Within 5 s the service goes by what it remembers.
    let refusals = 0;
    interfere = async (path, answer) => {
      if (path === '/v1/batches' && answer.status === 409 && ++refusals % 2 === 0) cachesEnd();
      return answer;
    };
    const id = await record(mode, 'sealed');
    expect(refusals).toBe(2);
    expect(batchesSent().at(-1)).not.toContain('sealed');
    await mode.moveToService();
    const last = await record(mode, 'plain again');
    expect(refusals).toBe(4);
    const kinds = (await readAll(mode)).map((one) => (one.kind === 'opened' ? one.batch.batchId : one.batchId));
    expect(kinds.slice(1)).toEqual([id, last]);
    expect(rooms.dead).toEqual([]);
  });

  test('accepted under the old subject and encrypted after the move: judged by the root version that they were sealed under', async () => {
    const mode = await inClientMode();
    const stream = client.stream(account, { purchase: ['sum'] }, { onAccepted: () => accepted(), mode });
    let accepted = () => {};
    const isAccepted = new Promise<void>((resolve) => {
      accepted = resolve;
    });
    const safe = stream.record({ type: 'PURCHASE', data: { sum: 'on its way' } });
    await isAccepted;
    await mode.moveToService();
    cachesEnd();
    await rooms.run();
    await safe;
    expect(rooms.dead).toEqual([]);
    expect(await sums(mode)).toEqual(['{"sum":"on its way"}']);
  });

  test('signed for one mode and not yet taken are signed anew when the wallet moves, under the same id', async () => {
    const mode = await client.clientMode(account, store);
    let lost = 0;
    interfere = async (path, answer) => {
      if (path !== '/v1/batches' || lost++ > 0) return answer;
      // Taken, but nobody hears of it; and while it was on its way the wallet has moved.
      expect(answer.status).toBe(202);
      await mode.moveToClient();
      cachesEnd();
      throw new TypeError('connection reset');
    };
    const id = await record(mode, 'in between');
    const [first, ...later] = batchesSent();
    expect(first).toContain('in between');
    expect(later.length).toBeGreaterThan(0);
    for (const body of later) expect(body).not.toContain('in between');
    expect(rooms.pinned.slice(-2).map(({ value }) => [toHex(value.batchId), value.reason])).toEqual([
      [id, null],
      [id, 'duplicate'],
    ]);
    expect(await readAll(mode)).toHaveLength(1);
    expect(rooms.dead).toEqual([]);
  });

  test('a stream that knows nothing of modes is told', async () => {
    await inClientMode();
    const plain = client.stream(account, {}, { onAccepted: runRooms });
    await expect(plain.record({ type: 'X', data: { a: 1 } })).rejects.toMatchObject({ code: 'mode_mismatch' });
  });
});

describe('a move whose answer was lost', () => {
  test('is learned of at the next start, or when the move is asked for again', async () => {
    const mode = await client.clientMode(account, store);
    interfere = async (path, answer) => {
      return path === '/v1/moves' ? Response.json({ code: 'lost' }, { status: 418 }) : answer;
    };
    await expect(mode.moveToClient()).rejects.toMatchObject({ code: 'lost' });
    interfere = async (_path, answer) => answer;
    expect((await store.load()).map(({ state }) => state)).toEqual(['made']);
    cachesEnd();
    const again = await client.clientMode(account, store);
    expect(again.mode).toBe('client');
    await record(again, 'one root');
    expect(await sums(again)).toEqual(['{"sum":"one root"}']);
    // The first object learns of it from the service's refusal.
    await mode.moveToClient();
    expect(mode.current).toEqual(again.current);
  });
});

describe('what the service says never turns encryption off', () => {
  test('a service that says `service` still gets envelopes only', async () => {
    const mode = await inClientMode();
    interfere = async (path, answer) => {
      if (path.endsWith('/mode')) return Response.json({ ...((await answer.json()) as object), mode: 'service' });
      if (path === '/v1/batches') return Response.json({ code: 'mode_mismatch' }, { status: 409 });
      return answer;
    };
    await expect(record(mode, 'never plain')).rejects.toThrow(BatchRefused);
    expect(batchesSent().length).toBeGreaterThan(1);
    expect(batchesSent().join()).not.toContain('never plain');
  });

  test('a store without the root of a wallet in client mode does not open', async () => {
    await inClientMode();
    await expect(client.clientMode(account, memoryKeyStore())).rejects.toThrow(RootNotHeld);
  });
});

test('erasing destroys the roots: nothing is sent, opened or kept any more', async () => {
  const mode = await inClientMode();
  await record(mode, 'gone');
  const { batches } = await client.requests(account).storedBatches();
  const [place] = batches;
  if (!place) throw new Error('nothing was stored');
  const block = await rooms.fetchBlock(place.segment);
  expect(mode.open(block, place).events).toHaveLength(1);
  const copied = memoryKeyStore(await store.load());
  const elsewhere = await client.clientMode(account, copied);
  await mode.erase();
  expect(await store.load()).toEqual([]);
  expect(() => mode.open(block, place)).toThrow(RootsDestroyed);
  await expect(record(mode, 'more')).rejects.toThrow(RootsDestroyed);
  await expect(mode.moveToClient()).rejects.toThrow(RootsDestroyed);
  // Asked for twice, it is refused by the service and done here all the same.
  await expect(elsewhere.erase()).rejects.toMatchObject({ code: 'already_erased' });
  expect(await copied.load()).toEqual([]);
});

test('roots destroyed while the service is asked for the mode: the batch that waits for the answer is not sent as it is', async () => {
  const mode = await client.clientMode(account, store);
  let asked = 0;
  interfere = async (path, answer) => {
    if (path === '/v1/batches') return Response.json({ code: 'mode_mismatch' }, { status: 409 });
    if (path.endsWith('/mode')) {
      asked += 1;
      expect(await answer.clone().json()).toMatchObject({ mode: 'service' });
      await mode.destroyRoots();
    }
    return answer;
  };
  await expect(record(mode, 'gone')).rejects.toThrow(RootsDestroyed);
  expect([asked, batchesSent().length]).toEqual([1, 1]);
});

test('the reader refuses what a lying client wrote, says why, and reads on', async () => {
  const userRoot = bytes(32);
  const mode = await inClientMode(userRoot);
  const first = await record(mode, 'honest');
  const sign = () => {
    const scope = { salt: toHex(bytes(16)), data: '{"sum":"1"}' };
    const events = [0, 1].map(() => someEvent({ scopes: { purchase: scope } }));
    return someBatch({ wallet: toHex(account.publicKey), keyPair: account, events });
  };
  const told = lies({ app, userRoot, epoch: 0, sign });
  for (const { batch } of told) {
    const answer = await it.post(encodeNdjson(batch));
    expect(answer.status).toBe(202);
  }
  const last = await record(mode, 'honest too');
  await rooms.run();
  const found = await readAll(mode);
  const opened = found.flatMap((one) => (one.kind === 'opened' ? [one.batch.batchId] : []));
  expect(opened.sort()).toEqual([first, last].sort());
  for (const { name, code, batchId } of told) {
    const verdict = found.find((one) => one.kind !== 'opened' && one.batchId === toHex(batchId));
    if (verdict?.kind !== 'refused') throw new Error(`${name} was not refused`);
    expect([name, verdict.error.code]).toEqual([name, code]);
    expect(verdict.error).toBeInstanceOf(StoredBatchRefused);
    expect(verdict.error.message).toContain(`batch ${toHex(batchId)} does not hold what was signed`);
  }
  expect(found).toHaveLength(told.length + 2);
});
