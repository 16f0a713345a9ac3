import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { encryptionKeyPairFromSeed, ready } from '../../protocol/index.ts';
import { type ConsumingWorld, consumingWorld } from '../../test/support/consuming-world.ts';
import { type Account, accountFromPhrase, Ddc, deriveAccount, type FollowedEvent, follow } from './index.ts';

let world: ConsumingWorld;
let root: Account;
let owner: Account;
beforeAll(async () => {
  await ready();
  root = await accountFromPhrase('bottom drive obey lake curtain smoke basket hold race lonely fit walk//following');
  world = await consumingWorld();
}, 30_000);
afterAll(() => world.close());
beforeEach(() => {
  owner = deriveAccount(root, `//owner-${randomBytes(6).toString('hex')}`);
});

const connect = (account: Account, over: { fetch?: typeof fetch } = {}) =>
  Ddc.connect({
    ...{ url: world.it.url, app: world.app, account, network: 'cere-sandbox', receiptKey: world.app },
    ...{ pair: encryptionKeyPairFromSeed(new Uint8Array(32).fill(3)) },
    ...over,
  });

/** The next so many. */
async function taken(events: AsyncGenerator<FollowedEvent, void>, count: number): Promise<FollowedEvent[]> {
  const all: FollowedEvent[] = [];
  while (all.length < count) {
    const { value, done } = await events.next();
    if (done || !value) throw new Error(`it ended after ${all.length}`);
    all.push(value);
  }
  return all;
}
const ids = (events: readonly FollowedEvent[]) => events.map(({ id }) => id);

/** Answers are cut off after so many bytes, the first `times` of them. */
function cutting(afterBytes: number, times: number) {
  const asked: (string | null)[] = [];
  let left = times;
  const cut: typeof fetch = async (address, init) => {
    const answer = await fetch(address, init);
    if (!String(address).includes('/event-stream')) return answer;
    asked.push(new Headers(init?.headers).get('last-event-id'));
    if (left-- <= 0 || !answer.body) return answer;
    let bytes = 0;
    const body = answer.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          bytes += chunk.length;
          if (bytes < afterBytes) return controller.enqueue(chunk);
          controller.enqueue(chunk.subarray(0, chunk.length - (bytes - afterBytes)));
          controller.error(new Error('cut'));
        },
      }),
    );
    return new Response(body, { status: answer.status, headers: answer.headers });
  };
  return { cut, asked };
}

test('what was there, then what comes, verified and opened; another call goes on from the place', async () => {
  const ddc = await connect(owner);
  const before = await world.write(owner, 3);
  const ending = new AbortController();
  const places: string[] = [];
  const filter = { scopes: ['purchase'], onPlace: (place: string) => places.push(place) };
  const events = ddc.stream({ ...filter, start: 'beginning', signal: ending.signal });
  const first = await taken(events, 3);
  expect(ids(first)).toEqual(before);
  expect(first[1]).toMatchObject({ signer: 'wallet', scopes: { purchase: '{"n":1}' } });
  const next = taken(events, 1);
  const more = await world.write(owner, 1, 3);
  expect(ids(await next)).toEqual(more);
  const after = places.at(-1);
  ending.abort();
  expect(await events.next()).toEqual({ value: undefined, done: true });

  const later = await world.write(owner, 1, 4);
  const again = ddc.stream({ scopes: ['purchase'], ...(after && { after }) });
  // The place was told before the last event was taken: it comes again, and nothing before it.
  expect(ids(await taken(again, 2))).toEqual([...more, ...later]);
  await again.return();
  await ddc.close();
});

test('a stream that is cut again and again is begun again where it was: nothing is missing, nothing comes twice', async () => {
  const { cut, asked } = cutting(6_000, 4);
  const ddc = await connect(owner, { fetch: cut });
  const written = await world.write(owner, 12);
  const troubles: string[] = [];
  const options = { endpoint: world.it.url, network: 'cere-sandbox', fetch: cut, sleep: async () => undefined };
  const authorize = () => ddc.requests.bearer(['events.read', 'events.decrypt']);
  const wish = { app: world.app, wallet: owner.publicKey, decrypt: true, start: 'beginning' as const };
  const onTrouble = (error: Error) => troubles.push(error.message);
  const events = follow({ ...options, authorize, onTrouble }, wish);
  expect(ids(await taken(events, 12))).toEqual(written);
  await events.return();
  expect(troubles.length).toBeGreaterThanOrEqual(1);
  expect(asked.slice(1).every((place) => place !== null)).toBe(true);
  await ddc.close();
});

test('what is silent for too long counts as cut', async () => {
  const silent: typeof fetch = async (address, init) =>
    new Response(
      new ReadableStream({
        start(controller) {
          init?.signal?.addEventListener('abort', () => controller.error(new Error(`aborted ${address}`)));
        },
      }),
      { status: 200 },
    );
  const troubles: string[] = [];
  const ending = new AbortController();
  const onTrouble = (error: Error) => {
    if (troubles.push(error.message) === 2) ending.abort();
  };
  const options = {
    endpoint: 'http://127.0.0.1:1',
    network: 'cere-sandbox',
    fetch: silent,
    sleep: async () => undefined,
  };
  const events = follow(
    { ...options, authorize: () => ({}), onTrouble, silenceMs: 20 },
    { app: world.app, signal: ending.signal },
  );
  expect(await events.next()).toEqual({ value: undefined, done: true });
  expect(troubles).toEqual(['the stream was cut', 'the stream was cut']);
});

test('whoever may not read is refused, and not asked again', async () => {
  const stranger = follow(
    { endpoint: world.it.url, network: 'cere-sandbox', authorize: () => ({}) },
    { app: world.app, wallet: owner.publicKey },
  );
  await expect(stranger.next()).rejects.toMatchObject({ name: 'BatchRefused', code: 'unauthorized' });
});
