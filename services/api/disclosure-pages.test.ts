import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { toHex } from '../../protocol/index.ts';
import { readEvent } from '../../sdk/js/index.ts';
import { someBody } from '../../test/support/api.ts';
import { call } from '../../test/support/call-api.ts';
import { NOTHING, type Party, type ReadingWorld, readingWorld } from '../../test/support/reading-world.ts';

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

const day = (n: number) => `2026-01-${String(n).padStart(2, '0')}T00:00:00.000Z`;

describe('pages', () => {
  test('come by time, batch and index; a cursor stays where it was, and what came after it is found later', async () => {
    const batches = [world.batchOf(owner, 4, day(3)), world.batchOf(owner, 2, day(1)), world.batchOf(owner, 3, day(2))];
    for (const batch of batches) await world.store(batch);
    const [third, first, second] = batches.map((batch) => batch.events.map(({ id }) => id));
    const ids: (string | undefined)[] = [];
    let after = '';
    const sizes: number[] = [];
    for (let more = true; more; ) {
      const page = await world.page(owner, world.token(owner), `?limit=2${after}`);
      ids.push(...page.events.map(({ disclosure }) => disclosure?.event.id));
      sizes.push(page.events.length);
      after = `&after=${page.next}`;
      more = page.more;
    }
    expect(ids).toEqual([...(first ?? []), ...(second ?? []), ...(third ?? [])]);
    expect(sizes).toEqual([2, 2, 2, 2, 1]);

    expect((await world.page(owner, world.token(owner), `?limit=2${after}`)).events).toEqual([]);
    const late = world.batchOf(owner, 1, day(4));
    await world.store(late);
    const again = await world.page(owner, world.token(owner), `?limit=2${after}`);
    expect(again.events.map(({ batchId }) => batchId)).toEqual([toHex(late.batchId)]);
  });

  test('of a grantee skip what it may not see without telling of it', async () => {
    for (let n = 1; n <= 5; n += 1) await world.store(world.batchOf(owner, 2, day(n)));
    await world.grant(owner, friend, { scope: 'profile' });
    const seen: string[] = [];
    const reader = world.reader(friend);
    let after: string | null = null;
    for (let more = true; more; ) {
      const page = await reader.page({
        app: world.app,
        wallet: owner.account.publicKey,
        scope: 'profile',
        limit: 2,
        after,
      });
      seen.push(...page.events.map(({ time }) => time));
      ({ next: after, more } = page);
      // Nothing of a batch can be read out of it: neither a time nor an id.
      expect(after).toMatch(/^[A-Za-z0-9_-]{94}$/);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5].map(day));
  });

  test('a look into many batches ends after eight segments, or a hundred batches, and says that there is more', async () => {
    for (let n = 0; n < 101; n += 1) await world.store(world.batchOf(owner, 1, day(1)));
    await world.grant(owner, friend, { scope: 'geo' });
    const page = await world.page(owner, world.token(friend));
    expect(page).toMatchObject({ events: [], more: true });
    const mine = await world.page(owner, world.token(owner), '?limit=1000');
    expect([mine.events.length, mine.more]).toEqual([8, true]);
    const next = await world.page(owner, world.token(owner), `?limit=1000&after=${mine.next}`);
    expect(new Set([...mine.events, ...next.events].map(({ batchId }) => batchId)).size).toBe(16);

    // Of who is erased no segment is asked for.
    await world.it.vault.erase({ app: world.app, wallet: owner.account.publicKey });
    world.cachesEnd();
    const erased = await world.page(owner, world.token(owner));
    expect(erased).toMatchObject({ events: [], more: true });
    expect(await world.page(owner, world.token(owner), `?after=${erased.next}`)).toMatchObject({
      events: [],
      more: false,
    });
  });

  test('a cursor that was made up, or is of another wallet, is refused, as is a limit that is none', async () => {
    await world.store(world.batchOf(owner, 2));
    const { next } = await world.page(owner, world.token(owner), '?limit=1');
    const changed = `${next?.slice(0, -1)}${next?.endsWith('A') ? 'Q' : 'A'}`;
    for (const after of ['x', '', 'A'.repeat(94), changed])
      expect(await call(world.urlOf(owner, `?after=${after}`), { headers: world.token(owner) })).toMatchObject({
        status: 400,
        body: { code: 'invalid' },
      });
    const elsewhere = await call(world.urlOf(friend, `?after=${next}`), { headers: world.token(friend) });
    expect(elsewhere).toMatchObject({ status: 400, body: { code: 'invalid' } });
    for (const limit of ['0', '1001', 'x', '1.5'])
      expect((await call(world.urlOf(owner, `?limit=${limit}`), { headers: world.token(owner) })).status).toBe(400);
    expect((await call(world.urlOf(owner, '?what=1'), { headers: world.token(owner) })).status).toBe(400);
  });
});

describe('storage', () => {
  test('while the IPFS node is away events are answered 503 with Retry-After, and batches are taken', async () => {
    await world.store(world.batchOf(owner, 1));
    world.it.ipfs.down = true;
    try {
      const answer = await call(world.urlOf(owner), { headers: world.token(owner) });
      expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      expect(answer.headers.get('retry-after')).toBe('1');
      expect((await world.it.post(someBody())).status).toBe(202);
      expect(await world.page(owner, world.token(friend))).toEqual(NOTHING);
    } finally {
      world.it.ipfs.down = false;
    }
    expect((await world.page(owner, world.token(owner))).events).toHaveLength(1);
  });

  test('an API that was given no node answers 503 too', async () => {
    const without = await readingWorld({ clusters: new Map() });
    try {
      const writer = without.party('writer');
      await without.store(without.batchOf(writer, 1));
      const answer = await call(without.urlOf(writer), { headers: without.token(writer) });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    } finally {
      await without.close();
    }
  });
});

test('a reader refuses what is not the wanted owner’s, or not what was signed', async () => {
  await world.store(world.batchOf(owner, 2));
  const { events } = await world.page(owner, world.token(owner));
  const [found, other] = events;
  if (!found?.disclosure || !other?.disclosure) throw new Error('no events');
  const expected = {
    network: 'cere-sandbox',
    app: toHex(world.app),
    wallet: toHex(owner.account.publicKey),
  };
  const keys = await owner.requests.keys(['purchase', 'profile'], owner.pair);
  expect(readEvent(found, found.disclosure, keys, expected).scopes).toHaveProperty('purchase');
  const refused = (of: Parameters<typeof readEvent>) => expect(() => readEvent(...of)).toThrow;
  refused([found, found.disclosure, keys, { ...expected, wallet: toHex(friend.account.publicKey) }])('another owner');
  refused([found, found.disclosure, keys, { ...expected, network: 'other' }])('network');
  refused([{ ...found, batchId: 'ab'.repeat(32) }, found.disclosure, keys, expected])('another owner or batch');
  // The envelopes of one event under the disclosure of another.
  refused([{ ...found, envelopes: other.envelopes }, found.disclosure, keys, expected])('commitment');
  const { header } = found.disclosure;
  const forged = { ...found.disclosure, header: { ...header, issuedAt: header.issuedAt + 1 } };
  refused([found, forged, keys, expected])('signature');
});
