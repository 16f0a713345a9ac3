import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { CID } from 'multiformats/cid';
import { encryptionKeyPairFromSeed, toHex } from '../../protocol/index.ts';
import { call } from '../../test/support/call-api.ts';
import { NOTHING, type Party, type ReadingWorld, readingWorld } from '../../test/support/reading-world.ts';
import type { EventDetail } from '../pipeline/events.ts';
import type { SegmentSource } from '../pipeline/segment-reader.ts';
import type { BlobCluster } from './blobs/clusters.ts';
import { createCursors } from './disclosures/cursor.ts';
import { createEventPages } from './disclosures/event-page.ts';
import { createEventReaders, createReadersOf } from './disclosures/event-reader.ts';

let world: ReadingWorld;
let owner: Party;
let friend: Party;
/** What happens while the node gives a block; told how many were asked for. */
let meanwhile: (blocks: number) => Promise<void> | void;
let blocks = 0;
let elapsed = 0;
let alarms: EventDetail[] = [];

async function given(cid: CID): Promise<Uint8Array> {
  blocks += 1;
  const bytes = await world.it.ipfs.block(cid);
  await meanwhile(blocks);
  return bytes;
}
const ipfs: BlobCluster & SegmentSource = {
  block: given,
  unchecked: given,
  put: (cid, bytes) => world.it.ipfs.put(cid, bytes),
  pin: (root) => world.it.ipfs.pin(root),
  unpin: (root) => world.it.ipfs.unpin(root),
};

beforeAll(async () => {
  world = await readingWorld({
    clusters: new Map([['cere-mainnet', ipfs]]),
    elapsed: () => elapsed,
    signals: { emit: (name, detail) => void (name === 'unreadable' && alarms.push(detail)) },
  });
});
afterAll(() => world.close());
beforeEach(async () => {
  [owner, friend] = [world.party('owner'), world.party('friend')];
  [blocks, elapsed, alarms, meanwhile] = [0, 0, [], () => undefined];
  await world.certify(friend);
});

function deferred() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const day = (n: number) => `2026-01-${String(n).padStart(2, '0')}T00:00:00.000Z`;
const storeDays = async (days: number) => {
  for (let n = 1; n <= days; n += 1) await world.store(world.batchOf(owner, 1, day(n)));
};
const mine = (query = '') => world.page(owner, world.token(owner), query);
const owned = () => ({ app: world.app, wallet: owner.account.publicKey });

describe('an erasure in the middle of a page', () => {
  test.each([1, 2, 3])('leaves none of its events in the answer, be it at block %i of 3', async (at) => {
    await storeDays(3);
    meanwhile = async (asked) => {
      if (asked !== at) return;
      await owner.requests.erase();
      world.cachesEnd();
    };
    const { events, metas } = await mine();
    expect([events, metas]).toEqual([[], {}]);
    expect(blocks).toBe(3);
  });

  test('nor the metas of what a client encrypted', async () => {
    await world.it.vault.reopen().transit([owned()]);
    const { batch } = await world.clientBatch(owner, 1);
    await world.store(batch);
    const client = { ...batch.client, meta: new Uint8Array(randomBytes(500)) };
    await world.store({ ...batch, client, header: world.batchOf(owner, 1).header });
    expect(Object.keys((await mine()).metas)).toHaveLength(2);
    meanwhile = async (asked) => {
      if (asked !== 4) return;
      await owner.requests.erase();
      world.cachesEnd();
    };
    const { events, metas } = await mine();
    expect([events, metas, blocks]).toEqual([[], {}, 4]);
  });
});

describe('a page ends', () => {
  test('once it has taken longer than two seconds, and the next goes on', async () => {
    await storeDays(3);
    meanwhile = () => {
      elapsed += 2_001;
    };
    let after = '';
    const sizes: number[] = [];
    for (let more = true; more; ) {
      const page = await mine(`?limit=10${after}`);
      sizes.push(page.events.length);
      ({ more } = page);
      after = `&after=${page.next}`;
    }
    expect(sizes).toEqual([1, 1, 1]);
  });

  test('503 when its first segment takes longer than what was allowed may be old', async () => {
    await storeDays(1);
    meanwhile = () => {
      elapsed += 5_001;
    };
    expect(await call(world.urlOf(owner), { headers: world.token(owner) })).toMatchObject({
      status: 503,
      body: { code: 'unavailable' },
    });
  });

  test('after eight segments', async () => {
    await storeDays(10);
    const page = await mine();
    expect([page.events.length, page.more, blocks]).toEqual([8, true, 8]);
    expect(await mine(`?after=${page.next}`)).toMatchObject({ events: [{}, {}], more: false });
  });

  test('after four megabytes, metas counted', async () => {
    await world.it.vault.reopen().transit([owned()]);
    const { batch } = await world.clientBatch(owner, 1);
    const meta = new Uint8Array(randomBytes(900_000));
    for (let n = 0; n < 6; n += 1) {
      const { header } = world.batchOf(owner, 1);
      await world.store({ ...batch, header, client: { ...batch.client, meta } });
    }
    const page = await mine();
    expect([page.events.length, Object.keys(page.metas).length, page.more]).toEqual([4, 4, true]);
    expect((await mine(`?after=${page.next}`)).events).toHaveLength(2);
  });

  test('when its reader is gone', async () => {
    await storeDays(3);
    const { index, vault, removedEvents } = world.it;
    const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
    const pageOf = createEventPages({
      ...{ index, vault, removedEvents, elapsed: () => elapsed, signals: { emit: () => undefined } },
      ...{ clusters: new Map([['cere-mainnet', ipfs]]), cursors: createCursors(random.bytes(32), random) },
    });
    const reader = { isOwner: true, mayOpen: () => new Set(['purchase']) };
    const { page } = await pageOf(owned(), reader, { caller: '', begin: null, limit: 10, gone: () => blocks === 2 });
    expect([page.events.length, page.more, blocks]).toEqual([1, true, 2]);
  });
});

test('while two pages of one caller are under way its third is put off with Retry-After; a head makes none', async () => {
  await storeDays(1);
  const two = deferred();
  const release = deferred();
  meanwhile = (asked) => {
    if (asked === 2) two.resolve();
    return release.promise;
  };
  const slow = Array.from({ length: 2 }, () => mine());
  await two.promise;
  const third = await call(world.urlOf(owner), { headers: world.token(owner) });
  expect(third).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
  expect(third.headers.get('retry-after')).toBe('1');
  const head = await fetch(world.urlOf(owner), { method: 'HEAD', headers: world.token(owner) });
  expect([head.status, blocks]).toEqual([200, 2]);
  release.resolve();
  for (const page of await Promise.all(slow)) expect(page.events).toHaveLength(1);
  expect((await mine()).events).toHaveLength(1);
});

describe('a batch that can never be read is passed over, and the operator told', () => {
  test('when it is not the one which the index names', async () => {
    await world.store(world.batchOf(owner, 1, day(1)), { hash: new Uint8Array(32) });
    const good = world.batchOf(owner, 1, day(2));
    await world.store(good);
    const page = await mine();
    expect(page.events.map(({ batchId }) => batchId)).toEqual([toHex(good.batchId)]);
    expect(page.more).toBe(false);
    expect(alarms).toMatchObject([{ count: 1, error: { code: 'batch_not_stored' } }]);
    expect((await mine(`?after=${page.next}`)).events).toEqual([]);
    expect(alarms).toHaveLength(1);
  });

  test('when its root was lost, and when it was made anew', async () => {
    await storeDays(2);
    await world.it.vault.lose(owned());
    world.cachesEnd();
    expect(await mine()).toMatchObject({ events: [], more: false });
    await world.it.vault.reopen().transit([owned()]);
    world.cachesEnd();
    const page = await mine();
    expect(page).toMatchObject({ events: [], more: false });
    expect(page.next).not.toBeNull();
    expect(alarms).toMatchObject([
      { count: 2, error: { code: 'root_missing' } },
      { count: 2, error: { code: 'root_replaced' } },
    ]);
  });
});

describe('what a reader may open', () => {
  test('is decided once per epoch', async () => {
    await world.grant(owner, friend);
    const readerOf = createEventReaders(createReadersOf({ consents: world.it.consents, now: world.now }));
    const caller = { app: toHex(world.app), wallet: toHex(friend.account.publicKey), signer: 'wallet' as const };
    const reader = await readerOf(caller, owned());
    expect(reader?.mayOpen(0).has('purchase')).toBe(true);
    expect(reader?.mayOpen(0)).toBe(reader?.mayOpen(0));
    expect(reader?.mayOpen(1).has('purchase')).toBe(false);
  });

  test('is looked for under the newest eight certificates', async () => {
    await storeDays(1);
    const second = { ...friend, pair: encryptionKeyPairFromSeed(new Uint8Array(randomBytes(32))) };
    for (let n = 0; n < 8; n += 1) {
      world.pass(1);
      const pair = n === 0 ? second.pair : encryptionKeyPairFromSeed(new Uint8Array(randomBytes(32)));
      await world.certify({ ...friend, pair });
    }
    await world.grant(owner, friend);
    expect(await world.page(owner, world.token(friend))).toEqual(NOTHING);
    await world.grant(owner, second);
    expect((await world.page(owner, world.token(friend))).events).toHaveLength(1);
  });
});
