import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CID } from 'multiformats/cid';
import { type JudgedReceipt, judgeReceipt, leafOf, toHex } from '../../protocol/index.ts';
import { ReceiptRefused, verifiedReceipt } from '../../sdk/js/index.ts';
import { operator, someBatch } from '../../test/support/api.ts';
import { call } from '../../test/support/call-api.ts';
import { type Party, type ReadingWorld, readingWorld } from '../../test/support/reading-world.ts';
import { handSettler } from '../../test/support/settle.ts';
import type { LiveBatch } from './disclosures/disclosed-events.ts';

let world: ReadingWorld;
let settler: ReturnType<typeof handSettler>;
let owner: Party;
let stranger: Party;

beforeAll(async () => {
  settler = handSettler();
  world = await readingWorld({ settlements: settler.store });
});
afterAll(() => world.close());
beforeEach(() => {
  [owner, stranger] = [world.party('owner'), world.party('stranger')];
});

type Headers = { authorization: string };
const token = (by: Party): Headers => world.token(by, 'receipts.read');
const appToken = (wallet?: Uint8Array): Headers => world.appToken(wallet, 'receipts.read');

const ofBatch = (batchId: Uint8Array, headers: Headers) =>
  call(`${world.it.url}/v1/batches/${toHex(batchId)}/receipt`, { headers });
const ofEvent = (eventId: string, headers: Headers, query = '', of = owner) =>
  call(`${world.urlOf(of).replace(/disclosures$/, '')}events/${eventId}/receipt${query}`, { headers });

const judge = (body: unknown, witnesses = {}): JudgedReceipt =>
  judgeReceipt(body, { key: operator.publicKey, network: 'cere-sandbox' }, witnesses);
const verdictsOf = (body: unknown) =>
  Object.fromEntries(judge(body).claims.map(({ claim, verdict }) => [claim, verdict]));

async function stored(count: number) {
  const batch = world.batchOf(owner, count);
  const origin = await world.store(batch);
  const [found] = await world.it.index.batches([batch.batchId]);
  return { batch, origin, found: found as LiveBatch, ids: batch.events.map(({ id }) => id) };
}

describe('the receipt of a batch', () => {
  test('tells the wallet and its app where it is, before and after its round', async () => {
    const { batch, origin, found } = await stored(3);
    const waiting = await ofBatch(batch.batchId, token(owner));
    expect(waiting.status).toBe(200);
    expect(verdictsOf(waiting.body)).toMatchObject({
      operator: 'ok',
      batch: 'ok',
      signature: 'ok',
      chain: 'not stated',
    });
    expect(judge(waiting.body).batch).toMatchObject({
      position: { partition: 0, offset: origin },
      storage: { segment: found.body.segment, slot: 0, hash: found.body.hash },
      settlement: { state: 'pending', round: null },
    });

    const other = await stored(2);
    const { rounds, extrinsic, block } = await settler.settle(world.it.index, [other.batch.batchId, batch.batchId], 7);
    const bytes = await world.it.ipfs.block(CID.decode(found.body.segment));
    for (const headers of [token(owner), appToken(), appToken(owner.account.publicKey)]) {
      const { body } = await ofBatch(batch.batchId, headers);
      const judged = judge(body, { segment: bytes });
      expect(judged.claims.filter(({ verdict }) => verdict !== 'ok').map(({ claim }) => claim)).toEqual([
        'accepted',
        'content',
        'chain',
      ]);
      expect(judged.ok).toBe(true);
      expect(judged.batch?.settlement).toMatchObject({
        state: 'final',
        round: {
          round: rounds[0]?.round,
          leaves: 2,
          root: rounds[0]?.root,
          anchor: { block, extrinsic: extrinsic.hash },
        },
      });
    }
  });

  test('of another, unknown, or erased wallet look the same; what needs a token says so', async () => {
    const { batch } = await stored(1);
    const unknown = await ofBatch(new Uint8Array(randomBytes(32)), token(stranger));
    expect(unknown).toMatchObject({ status: 404, body: { code: 'unknown_batch' } });
    for (const headers of [token(stranger), appToken(stranger.account.publicKey)])
      expect(await ofBatch(batch.batchId, headers)).toMatchObject({ status: 404, body: unknown.body });
    expect(await ofBatch(batch.batchId, world.token(owner))).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect(await call(`${world.it.url}/v1/batches/${toHex(batch.batchId)}/receipt`)).toMatchObject({ status: 401 });
    expect(await call(`${world.it.url}/v1/batches/xyz/receipt`, { headers: token(owner) })).toMatchObject({
      status: 400,
    });

    await owner.requests.erase();
    world.cachesEnd();
    expect(await ofBatch(batch.batchId, token(owner))).toMatchObject({ status: 410, body: { code: 'erased' } });
  });

  test('that its client encrypted states what was declared, and no signature', async () => {
    const sealed = await world.clientBatch(owner, 2);
    await world.store(sealed.batch);
    await settler.settle(world.it.index, [sealed.batchId], 8);
    const { body } = await ofBatch(sealed.batchId, token(owner));
    expect(verdictsOf(body)).toMatchObject({
      batch: 'not stated',
      signature: 'not stated',
      content: 'not stated',
      settled: 'ok',
    });
    const { count, seq } = sealed.batch.header;
    expect(judge(body).batch?.batch).toMatchObject({ content: 'unchecked', signed: null, declared: { count, seq } });
    const first = sealed.events[0]?.id ?? '';
    expect(await ofEvent(first, token(owner))).toMatchObject({ status: 409, body: { code: 'content_unchecked' } });
  });
});

describe('the receipt of an event', () => {
  test('proves every event of its batch, by closed scopes', async () => {
    const { batch, ids } = await stored(3);
    for (const [index, id] of ids.entries()) {
      const { status, body } = await ofEvent(id, index === 0 ? token(owner) : appToken());
      expect([status, verdictsOf(body).event]).toEqual([200, 'ok']);
      const event = judge(body).batch?.event;
      expect(event).toMatchObject({ index, event: { id } });
      expect(event?.event && leafOf(event.event)).toEqual(leafOf(batch.events[index] as (typeof batch.events)[number]));
      expect(JSON.stringify(event)).not.toContain('"data"');
    }
  });

  test('comes to the SDK, which refuses what is not the pinned operator’s', async () => {
    const { batch, ids } = await stored(2);
    const pinned = { key: operator.publicKey, network: 'cere-sandbox' };
    const [eventId = ''] = ids;
    const receipt = await owner.requests.receipt({ eventId, inBatch: toHex(batch.batchId) });
    expect(verifiedReceipt(receipt, pinned).batch?.event).toMatchObject({ index: 0, event: { id: eventId } });
    const whole = await owner.requests.receipt({ batchId: toHex(batch.batchId) });
    expect(verifiedReceipt(whole, pinned).kind).toBe('batch');
    expect(() => verifiedReceipt({ ...whole, signature: receipt.signature }, pinned)).toThrow(ReceiptRefused);
  });

  test('is for the wallet and its app; an id that was never seen has none', async () => {
    const { ids } = await stored(1);
    const [id = ''] = ids;
    expect(await ofEvent(id, token(stranger))).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await ofEvent(id, appToken(stranger.account.publicKey))).toMatchObject({ status: 403 });
    expect(await ofEvent(id, token(stranger), '', stranger)).toMatchObject({
      status: 404,
      body: { code: 'unknown_event' },
    });
    expect(await ofEvent(id.replace(/.$/, 'x'), token(owner))).toMatchObject({
      status: 400,
      body: { code: 'invalid' },
    });
    expect(await ofEvent(id.replace(/^....../, 'ffffff'), token(owner))).toMatchObject({
      status: 404,
      body: { code: 'unknown_event' },
    });
  });

  test('that was removed states its leaf, from the moment the removal is committed', async () => {
    const { batch, ids, found } = await stored(2);
    const [kept = '', gone = ''] = ids;
    const { app, wallet } = found;
    const id = new Uint8Array(randomBytes(16));
    const removal = { app, wallet, id, issuedAt: world.now(), selector: { events: [gone] } };
    world.it.vault.tables.removals.push(removal);
    const { body } = await ofEvent(gone, token(owner));
    expect(judge(body).batch?.event).toMatchObject({ index: 1, event: null });
    expect(judge(body).batch?.event?.leaf).toEqual(leafOf(batch.events[1] as (typeof batch.events)[number]));
    expect(verdictsOf(body).event).toBe('ok');
    expect(judge((await ofEvent(kept, token(owner))).body).batch?.event).toMatchObject({
      index: 0,
      event: { id: kept },
    });
  });

  test('whose id stands in several batches is of the one that is named', async () => {
    const first = world.batchOf(owner, 2);
    const { account } = owner;
    const again = someBatch({
      wallet: toHex(account.publicKey),
      keyPair: account,
      issuedAt: world.now(),
      events: first.events,
    });
    for (const batch of [first, again]) await world.store(batch);
    const [id = ''] = first.events.map((event) => event.id);
    for (const { batchId } of [first, again]) {
      const named = await ofEvent(id, token(owner), `?batch=${toHex(batchId)}`);
      expect(judge(named.body).batch?.batch.id).toEqual(batchId);
    }
    const elsewhere = await ofEvent(id, token(owner), `?batch=${'0'.repeat(64)}`);
    expect(elsewhere).toMatchObject({ status: 404, body: { code: 'unknown_event' } });
  });
});

test('at most two receipts of one caller are made at once: the others are told to come again', async () => {
  const { batch } = await stored(1);
  const answers = await Promise.all(Array.from({ length: 12 }, () => ofBatch(batch.batchId, token(owner))));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(2);
  expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
});
