import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { fromHex, keyPairFromSeed, signReceipt, toHex, verifyDisclosure } from '../../protocol/index.ts';
import { type ExtractEnd, type ExtractedEvent, type ExtractWish, extract } from '../../sdk/js/index.ts';
import { app as appAccount } from '../../test/support/api.ts';
import { bearer, call } from '../../test/support/call-api.ts';
import { type ExtractLine, extractLines } from '../../test/support/extract-lines.ts';
import { HOUR, type Party, type ReadingWorld, readingWorld } from '../../test/support/reading-world.ts';
import { REMOVED_FRESH_MS } from '../pipeline/ports/removed-events.ts';
import { removalReceipt } from './removals/removal-receipt.ts';

let world: ReadingWorld;
let owner: Party;
let friend: Party;

beforeAll(async () => {
  world = await readingWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  [owner, friend] = [world.party('owner'), world.party('friend')];
});

const token = ({ account }: Party, ...operations: string[]) =>
  bearer({
    keyPair: account,
    app: world.app,
    by: 'wallet',
    operations: ['events.read', ...operations],
    now: world.now(),
  });
const appToken = (...operations: string[]) =>
  bearer({
    keyPair: appAccount,
    app: world.app,
    by: 'app',
    wallet: '*',
    operations: ['events.read', ...operations],
    now: world.now(),
  });
const walletUrl = (of: Party, query = '') =>
  `${world.it.url}/v1/wallets/${toHex(of.account.publicKey)}/apps/${toHex(world.app)}/events${query}`;
const appUrl = (query = '') => `${world.it.url}/v1/apps/${toHex(world.app)}/events${query}`;
const linesOf = async (by: Party, of: Party, query = '') => (await extractLines(walletUrl(of, query), token(by))).lines;
const eventsOf = (lines: readonly ExtractLine[]) => lines.flatMap(({ event }) => event ?? []);

const source = () => toHex(randomBytes(16));
/** A batch of a source, with the events that `batchOf` makes. */
function batch(of: Party, from: string, seq: number, count = 2, time?: string) {
  return world.batchOf(of, count, time, { source: from, seq });
}
const day = (n: number) => `2026-01-${String(n).padStart(2, '0')}T00:00:00.000Z`;
const allow = (of: Party, scopes: string[]) =>
  of.requests.policy({ scopes, recipients: 'app', expiresAt: world.now() + HOUR });
function remove(of: Party, events: string[], issuedAt = world.now()): string {
  const id = new Uint8Array(randomBytes(16));
  world.it.vault.tables.removals.push({
    app: world.app,
    wallet: of.account.publicKey,
    id,
    issuedAt,
    selector: { events },
  });
  return toHex(id);
}

async function extracted(
  by: Readonly<Record<string, string>>,
  wish: Omit<ExtractWish, 'app'>,
  ask?: typeof fetch,
  receiptKey?: Uint8Array,
): Promise<ExtractEnd & { all: ExtractedEvent[] }> {
  const options = {
    endpoint: world.it.url,
    network: 'cere-sandbox',
    authorize: () => by,
    sleep: async () => undefined,
    receiptKey,
  };
  const events = extract({ ...options, ...(ask ? { fetch: ask } : {}) }, { app: world.app, ...wish });
  const all: ExtractedEvent[] = [];
  for (;;) {
    const step = await events.next();
    if (step.done) return { ...step.value, all };
    all.push(step.value);
  }
}

test('the wallet gets every event in order, sealed, and a last line that says so', async () => {
  const batches = [batch(owner, source(), 0, 2, day(3)), batch(owner, source(), 0, 3, day(1))];
  for (const one of batches) await world.store(one);
  const { status, type, lines } = await extractLines(walletUrl(owner), token(owner));
  expect([status, type]).toEqual([200, 'application/x-ndjson']);
  const wanted = [...(batches[1]?.events ?? []), ...(batches[0]?.events ?? [])];
  expect(eventsOf(lines).map(({ id }) => id)).toEqual(wanted.map(({ id }) => id));
  expect(Object.keys(eventsOf(lines)[0]?.scopes ?? {})).toEqual(['purchase', 'profile']);
  expect(eventsOf(lines)[0]?.scopes.purchase?.envelope).toMatch(/^[\w-]{126,}$/);
  expect(lines.filter((line) => line.batch).map((line) => line.batch?.wallet)).toEqual(
    Array(2).fill(toHex(owner.account.publicKey)),
  );
  expect(lines.at(-1)?.end).toMatchObject({ events: 5, more: false, unreadable: 0 });
  expect(JSON.stringify(lines)).not.toContain('sum');
});

test('filters take single events, and a limit ends with more', async () => {
  const one = batch(owner, source(), 0, 3, day(1));
  const events = one.events.map((event, i) => ({ ...event, type: `t${i}`, session: `s${i}`, time: day(1 + i) }));
  await world.store(world.batchOf(owner, 3, day(1), { events }));
  await world.store(batch(owner, source(), 0, 1, day(9)));
  const numbers = async (query: string) =>
    eventsOf(await linesOf(owner, owner, query)).map(({ index, time }) => `${time.slice(8, 10)}/${index}`);
  expect(await numbers('?type=t0&type=t2')).toEqual(['01/0', '03/2']);
  expect(await numbers('?session=s1')).toEqual(['02/1']);
  // A database refuses a NUL in a text: it must not come so far.
  for (const query of ['?type=%00', '?type=t0&type=t%C2%80', '?session=%00'])
    expect((await fetch(walletUrl(owner, query), { headers: token(owner) })).status).toBe(400);
  expect(await numbers(`?id=${events[2]?.id}`)).toEqual(['03/2']);
  expect(await numbers(`?from=${day(2)}&to=${Date.parse(day(3))}`)).toEqual(['02/1']);
  expect(await numbers(`?from=${day(3)}`)).toEqual(['03/2', '09/0']);
  const lines = await linesOf(owner, owner, '?limit=2');
  expect(lines.at(-1)?.end).toMatchObject({ events: 2, more: true });
  expect(eventsOf(await linesOf(owner, owner, `?after=${lines.at(-1)?.end?.cursor}`)).map(({ time }) => time)).toEqual([
    day(3),
    day(9),
  ]);
  const projected = eventsOf(await linesOf(owner, owner, '?scopes=profile'));
  expect(
    projected.map(({ scopes }) => [Boolean(scopes.purchase?.envelope), Boolean(scopes.profile?.envelope)]),
  ).toEqual(projected.map(({ scopes }) => [false, 'profile' in scopes]));
  expect((await call(walletUrl(owner, '?from=yesterday'), { headers: token(owner) })).status).toBe(400);
});

test('the app gets what each policy lets it read, and nothing tells of other wallets', async () => {
  const [first, second, third] = [world.party('a'), world.party('b'), world.party('c')];
  for (const one of [first, second, third]) await world.store(batch(one, source(), 0, 2));
  await allow(first, ['profile']);
  await allow(second, ['purchase', 'profile']);
  const { all, completeness } = await extracted(appToken(), {});
  const got = (of: Party) => all.filter(({ wallet }) => wallet === toHex(of.account.publicKey));
  expect([got(first).length, got(second).length, got(third).length]).toEqual([1, 2, 0]);
  expect(completeness.map(({ wallet }) => wallet)).not.toContain(toHex(third.account.publicKey));
  const { lines } = await extractLines(appUrl('?proof=true'), appToken());
  expect(JSON.stringify(lines)).not.toContain(toHex(third.account.publicKey));
  for (const headers of [
    token(first),
    bearer({
      keyPair: appAccount,
      app: world.app,
      by: 'app',
      wallet: first.account.publicKey,
      operations: ['events.read'],
      now: world.now(),
    }),
  ])
    expect((await call(appUrl(), { headers })).status).toBe(403);
});

test('a grantee sees its scope; whoever is allowed nothing gets an empty stream; another operation is refused', async () => {
  await world.certify(friend);
  await world.store(batch(owner, source(), 0, 3));
  await world.grant(owner, friend, { scope: 'profile' });
  const events = eventsOf(await linesOf(friend, owner, '?proof=true'));
  expect(events.map(({ index }) => index)).toEqual([0, 2]);
  expect(events.every(({ scopes }) => !scopes.purchase?.envelope && scopes.profile?.envelope)).toBe(true);
  expect(await linesOf(world.party('stranger'), owner, '?proof=true')).toEqual([
    { end: { events: 0, unreadable: 0, more: false, cursor: null } },
  ]);
  expect((await call(walletUrl(owner), { headers: world.token(owner) })).status).toBe(403);
  expect((await call(walletUrl(owner, '?decrypt=true'), { headers: token(owner) })).status).toBe(403);
});

describe('decrypted', () => {
  test('for the wallet, the app and a grantee, each named in the access log', async () => {
    await world.certify(friend);
    await world.store(batch(owner, source(), 0, 1));
    await allow(owner, ['profile']);
    await world.grant(owner, friend);
    const open = async (headers: Readonly<Record<string, string>>) =>
      (await extracted(headers, { wallet: owner.account.publicKey, decrypt: true })).all.map(({ scopes }) => scopes);
    expect(await open(token(owner, 'events.decrypt'))).toEqual([{ purchase: '{"sum":0}', profile: '{"name":"n0"}' }]);
    expect(await open(appToken('events.decrypt'))).toEqual([{ profile: '{"name":"n0"}' }]);
    expect(await open(token(friend, 'events.decrypt'))).toEqual([{ purchase: '{"sum":0}' }]);
    const { accesses } = await owner.requests.accessLog();
    expect(accesses.map(({ reader, scope }) => `${reader.split(':')[0]} ${scope}`).sort()).toEqual([
      'app profile',
      'wallet profile',
      'wallet purchase',
      'wallet purchase',
    ]);
  });

  test('what a client encrypted stays sealed and verifies with its own keys', async () => {
    const { batch: sealed, events, keys } = await world.clientBatch(owner, 3);
    await world.store(sealed);
    const wish = { wallet: owner.account.publicKey, decrypt: true };
    const { all, completeness } = await extracted(token(owner, 'events.decrypt'), { ...wish, keys });
    expect(all.map(({ id, scopes }) => [id, scopes.purchase])).toEqual(events.map(({ id }, i) => [id, `{"sum":${i}}`]));
    for (const { disclosure, scopes } of all) expect(verifyDisclosure(disclosure).opened).toEqual(scopes);
    expect(completeness).toMatchObject([{ complete: true }]);
  });
});

describe('completeness', () => {
  test('a batch taken out of the index is missing; removed, void and erased ones are told as such', async () => {
    const from = source();
    const batches = [0, 1, 2, 3, 4].map((seq) => batch(owner, from, seq, 2, day(seq + 1)));
    for (const one of batches) await world.store(one);
    await allow(owner, ['purchase']);
    const wish = { wallet: owner.account.publicKey };
    const whole = await extracted(token(owner), wish);
    expect(whole.completeness).toMatchObject([
      { complete: true, sources: [{ source: from, shown: [[0, 4]], last: 4 }] },
    ]);
    for (const one of whole.all) expect(verifyDisclosure(one.disclosure).batchId).toBeDefined();

    const all = remove(owner, batches[1]?.events.map(({ id }) => id) ?? []);
    const part = remove(owner, [batches[3]?.events[0]?.id ?? '']);
    world.it.index.forget(batches[2]?.batchId as Uint8Array);
    for (const headers of [token(owner), appToken()]) {
      const { all: left, completeness } = await extracted(headers, headers === undefined ? {} : wish);
      expect(left.map(({ time }) => time)).toEqual([day(1), day(1), day(4), day(5), day(5)]);
      expect(completeness).toMatchObject([
        {
          complete: false,
          sources: [
            {
              shown: [
                [0, 1],
                [3, 4],
              ],
              missing: [[2, 2]],
              removed: [
                { seq: 1, by: [all], all: true },
                { seq: 3, by: [part], all: false },
              ],
            },
          ],
          removals: [{ id: all }, { id: part }],
        },
      ]);
    }
    const app = (await extracted(appToken(), {})).completeness.find(
      ({ wallet }) => wallet === toHex(owner.account.publicKey),
    );
    expect(app).toMatchObject({ complete: false, sources: [{ missing: [[2, 2]] }] });
  });

  test('receipts come with their removals and hold under the pinned key; what an erasure took is erased', async () => {
    const from = source();
    const batches = [0, 1, 2].map((seq) => batch(owner, from, seq, 1, day(seq + 1)));
    for (const one of batches) await world.store(one);
    const { removals, vault, index } = world.it;
    const operator = keyPairFromSeed('ed25519', new Uint8Array(32).fill(9));
    /** As the sweeper completes it, on the way that the sweeper goes. */
    async function complete(id: string): Promise<void> {
      const named = { app: world.app, wallet: owner.account.publicKey, id: fromHex(id, 16) };
      const { removal } = (await removals.find(named)) ?? {};
      if (!removal) throw new Error('there is no such removal');
      const progress = await removals.progress(removal, 0);
      const none = { applied: [], pending: [] };
      const stated =
        removal.kind === 'erase'
          ? { kind: 'erasure', wallet: named.wallet, request: { id: named.id } }
          : removalReceipt(removal, progress, none, 'cere-sandbox', world.now());
      expect(await removals.complete(removal, signReceipt('cere-sandbox', stated, operator), [])).toBe(true);
    }
    const id = remove(owner, [batches[2]?.events[0]?.id ?? '']);
    await complete(id);
    const wish = { wallet: owner.account.publicKey };
    const read = (receiptKey?: Uint8Array) => extracted(token(owner), wish, undefined, receiptKey);
    const [first] = (await read(operator.publicKey)).completeness;
    expect(first).toMatchObject({ complete: true, removals: [{ id, kind: 'remove', receipts: [{}] }] });
    const other = keyPairFromSeed('ed25519', new Uint8Array(32).fill(8)).publicKey;
    await expect(read(other)).rejects.toMatchObject({ code: 'receipt' });

    // An erasure took the first batch, and the source went on after it.
    index.forget(batches[0]?.batchId as Uint8Array);
    expect((await read()).completeness).toMatchObject([{ complete: false, sources: [{ missing: [[0, 0]] }] }]);
    const erasure = new Uint8Array(randomBytes(16));
    const owned = { app: world.app, wallet: owner.account.publicKey };
    vault.tables.erasures.push({ ...owned, id: erasure, issuedAt: world.now(), fence: 1, rootVersions: [] });
    expect((await read(operator.publicKey)).completeness).toMatchObject([{ complete: false }]);
    await complete(toHex(erasure));
    expect((await read(operator.publicKey)).completeness).toMatchObject([
      {
        complete: true,
        sources: [{ missing: [], erased: [[0, 0]] }],
        removals: [{ id }, { id: toHex(erasure), kind: 'erase' }],
      },
    ]);
  });

  test('a grantee is told of a source only as far as it could count', async () => {
    await world.certify(friend);
    const [from, other] = [source(), source()];
    for (const seq of [0, 1, 2, 3]) await world.store(batch(owner, from, seq, seq === 3 ? 1 : 2, day(seq + 1)));
    const named = world.batchOf(owner, 1, day(1), { source: other, seq: 0 });
    await world.store({ ...named });
    await world.grant(owner, friend, { scope: 'profile' });
    const lines = await linesOf(friend, owner, `?proof=true&to=${day(3)}&from=${day(2)}`);
    expect(lines.flatMap(({ completeness }) => completeness?.live ?? [])).toEqual([
      { signer: 'wallet', source: from, runs: [[0, 1]] },
    ]);
  });

  test('what stands in the index and cannot be read is told, and is not complete', async () => {
    await world.store(batch(owner, source(), 0, 1));
    const broken = batch(owner, source(), 0, 1);
    await world.store(broken, { hash: new Uint8Array(32) });
    const { completeness, all } = await extracted(token(owner), { wallet: owner.account.publicKey });
    expect(all).toHaveLength(1);
    expect(completeness).toMatchObject([{ complete: false }]);
    expect(completeness[0]?.sources.flatMap(({ unreadable }) => unreadable)).toEqual([
      { seq: 0, batchId: toHex(broken.batchId), code: 'batch_not_stored' },
    ]);
  });
});

describe('a cursor', () => {
  test('of another owner, or changed, is refused', async () => {
    await world.store(batch(owner, source(), 0, 2));
    const cursor = (await linesOf(owner, owner)).at(-1)?.end?.cursor;
    expect(cursor).toBeTruthy();
    expect(eventsOf(await linesOf(owner, owner, `?after=${cursor}`))).toEqual([]);
    expect((await call(walletUrl(friend, `?after=${cursor}`), { headers: token(friend) })).body.code).toBe('invalid');
    expect((await call(appUrl(`?after=${cursor}`), { headers: appToken() })).body.code).toBe('invalid');
  });

  test('goes on behind a batch that was erased from the index meanwhile', async () => {
    const batches = [1, 2, 3].map((n) => batch(owner, source(), 0, 2, day(n)));
    for (const one of batches) await world.store(one);
    const cursor = (await linesOf(owner, owner, '?limit=3')).at(-1)?.end?.cursor;
    world.it.index.forget(batches[1]?.batchId as Uint8Array);
    expect(eventsOf(await linesOf(owner, owner, `?after=${cursor}`)).map(({ time }) => time)).toEqual([day(3), day(3)]);
  });
});

describe('a stream', () => {
  /** Reads until so many events came, then waits. */
  async function begun(query = ''): Promise<{ all: string; rest(): Promise<string> }> {
    const answer = await fetch(walletUrl(owner, query), { headers: token(owner) });
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    const first = decoder.decode((await reader.read()).value, { stream: true });
    return {
      all: first,
      async rest() {
        let text = first;
        for (let step = await reader.read(); !step.done; step = await reader.read())
          text += decoder.decode(step.value, { stream: true });
        return text;
      },
    };
  }
  /** More than any socket keeps for a reader that does not read. */
  const LARGE = 'x'.repeat(120_000);
  async function storeLarge(batches: number) {
    const stored = [];
    for (let n = 0; n < batches; n += 1) {
      const one = world.batchOf(owner, 6, day(1));
      const events = one.events.map((event) => ({
        ...event,
        scopes: { purchase: { salt: toHex(randomBytes(16)), data: LARGE } },
      }));
      const time = new Date(Date.parse(day(1)) + n).toISOString();
      stored.push(world.batchOf(owner, 6, time, { events: events.map((event) => ({ ...event, time })) }));
      await world.store(stored.at(-1) as (typeof stored)[number]);
    }
    return stored;
  }

  test('that is not read stops being made; what is removed meanwhile does not come any more', async () => {
    const stored = await storeLarge(24);
    const asked = world.it.vault.tables.removals.length;
    const stream = await begun();
    const last = stored.at(-1)?.events ?? [];
    remove(
      owner,
      last.map(({ id }) => id),
    );
    expect(world.it.vault.tables.removals).toHaveLength(asked + 1);
    const text = await stream.rest();
    for (const { id } of last) expect(text).not.toContain(id);
    expect(text).toContain(stored[22]?.events[0]?.id ?? 'none');
    expect(text.trimEnd().split('\n').at(-1)).toContain('{"end":{"events":138,');
  });

  test('whose piece nobody takes is cut when something in it is removed, and is whole when nothing is', async () => {
    const stored = await storeLarge(24);
    const [untouched, removedFrom] = [await begun(), await begun()];
    const [other] = [world.party('other')];
    remove(other, [stored[0]?.events[0]?.id ?? '']);
    // Longer than a removal's receipt waits, with nobody reading.
    await pause(REMOVED_FRESH_MS + 500);
    const whole = await untouched.rest();
    expect(whole.trimEnd().split('\n').at(-1)).toContain('{"end":{"events":144,');
    remove(
      owner,
      stored.flatMap((one) => one.events.map(({ id }) => id)),
    );
    await pause(REMOVED_FRESH_MS + 500);
    await expect(removedFrom.rest()).rejects.toThrow('terminated');
  }, 30_000);

  test('that is cut goes on from its last cursor, and nothing comes twice or is missed', async () => {
    const stored = await storeLarge(8);
    let cuts = 0;
    // Every second answer is cut in the middle of a line.
    const cutting: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init);
      if (cuts++ % 2 === 1) return answer;
      let left = 2_500_000;
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, to) {
          if (left <= 0) return;
          to.enqueue(chunk.subarray(0, left));
          left -= chunk.length;
          if (left <= 0) to.terminate();
        },
      });
      return new Response(answer.body?.pipeThrough(cut) ?? null, { status: answer.status });
    };
    const { all, completeness, events } = await extracted(token(owner), { wallet: owner.account.publicKey }, cutting);
    expect(cuts).toBeGreaterThan(1);
    expect(all.map(({ id }) => id)).toEqual(stored.flatMap((one) => one.events.map(({ id }) => id)));
    expect([events, completeness[0]?.complete]).toEqual([48, true]);
  });

  test('of an erased wallet ends with nothing more', async () => {
    await storeLarge(24);
    const stream = await begun();
    await owner.requests.erase();
    world.cachesEnd();
    const text = await stream.rest();
    const end = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '{}') as ExtractLine;
    expect(end.end?.events).toBeLessThan(144);
  });
});

test('a ninth stream at once is put off, and a fifth of one caller', async () => {
  const { createExtract } = await import('./extract/open-streams.ts');
  const never = new Promise<never>(() => undefined);
  const deps = { index: { selected: () => never }, cursors: {}, elapsed: () => 0, clusters: new Map() };
  const { extract: run } = createExtract(deps as unknown as Parameters<typeof createExtract>[0]);
  const out = { write: async () => undefined };
  const of = (wallet: string) =>
    ({
      ...{ app: new Uint8Array(32), wallet: null, after: null, limit: 1, proof: false },
      caller: { signer: 'wallet', app: '', wallet },
    }) as never;
  for (let n = 0; n < 4; n += 1) void run(of('one'), out);
  await expect(run(of('one'), out)).rejects.toMatchObject({ code: 'rate_limited' });
  for (let n = 0; n < 4; n += 1) void run(of('two'), out);
  await expect(run(of('three'), out)).rejects.toMatchObject({ code: 'overloaded' });
});
