import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { toHex } from '../../protocol/index.ts';
import { app as appAccount } from '../../test/support/api.ts';
import { bearer } from '../../test/support/call-api.ts';
import { HOUR, type Party, type ReadingWorld, readingWorld } from '../../test/support/reading-world.ts';
import { createFollowCursors } from './extract/follow-cursor.ts';

let world: ReadingWorld;
let owner: Party;
/** How far the clock that counts silence is ahead. */
let ahead = 0;
beforeAll(async () => {
  world = await readingWorld({ elapsed: () => performance.now() + ahead, partitionOf: () => 0 });
});
afterAll(() => world.close());
beforeEach(() => {
  owner = world.party('owner');
});

interface Sent {
  readonly name: string;
  readonly data: { readonly id?: string; readonly code?: string; readonly events?: number };
  /** The last `id` when it came. */
  readonly at: string | null;
}

const token = (by: Party) =>
  bearer({ keyPair: by.account, app: world.app, by: 'wallet', operations: ['events.read'], now: world.now() });
const appToken = () =>
  bearer({
    keyPair: appAccount,
    app: world.app,
    by: 'app',
    wallet: '*',
    operations: ['events.read'],
    now: world.now(),
  });
const pathOf = (of: Party) => `/v1/wallets/${toHex(of.account.publicKey)}/apps/${toHex(world.app)}`;

/** Reads a stream as an EventSource does. `ids` grows as they come. */
async function* sentBy(
  path: string,
  headers: Readonly<Record<string, string>>,
  ids: string[] = [],
  of = world,
): AsyncGenerator<Sent> {
  const answer = await fetch(`${of.it.url}${path}`, { headers: { ...headers } });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  let rest = '';
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    const blocks = (rest + Buffer.from(chunk).toString()).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]));
      const id = fields.get('id');
      if (id) ids.push(id);
      const data = fields.get('data');
      if (data) yield { name: fields.get('event') ?? '', data: JSON.parse(data), at: ids.at(-1) ?? null };
    }
  }
}

/** Once it holds; looked at again as the stream goes on. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function all(path: string, headers: Readonly<Record<string, string>>, ids: string[] = []): Promise<Sent[]> {
  const sent: Sent[] = [];
  for await (const one of sentBy(path, headers, ids)) sent.push(one);
  return sent;
}

const eventsOf = (sent: readonly Sent[]) => sent.flatMap(({ name, data }) => (name === 'event' ? [data.id] : []));
const idsOf = (...batches: readonly { readonly events: readonly { readonly id: string }[] }[]) =>
  batches.flatMap(({ events }) => events.map(({ id }) => id));
const batch = (of: Party, count: number, time: string) =>
  world.batchOf(of, count, time, { source: toHex(randomBytes(16)), seq: 0 });

test('in the order in which it was accepted, whatever time it says, and from a place on', async () => {
  const late = [batch(owner, 2, '2026-01-09T00:00:00.000Z'), batch(owner, 3, '2026-01-01T00:00:00.000Z')] as const;
  for (const one of late) await world.store(one);
  const ids: string[] = [];
  const first = await all(`${pathOf(owner)}/event-stream?start=beginning&seconds=0`, token(owner), ids);
  expect(eventsOf(first)).toEqual(idsOf(...late));
  expect(first.at(-1)).toMatchObject({ name: 'end', data: { events: 5 } });

  const older = batch(owner, 2, '2025-01-01T00:00:00.000Z');
  await world.store(older);
  const on = await all(`${pathOf(owner)}/event-stream?seconds=0`, {
    ...token(owner),
    'last-event-id': ids.at(-1) ?? '',
  });
  expect(eventsOf(on)).toEqual(idsOf(older));
  const now = await all(`${pathOf(owner)}/event-stream?seconds=0`, token(owner));
  expect(eventsOf(now)).toEqual([]);
});

test('what is indexed while it is open comes, and a reader that was cut off in a batch goes on in it', async () => {
  const ids: string[] = [];
  const open = sentBy(`${pathOf(owner)}/event-stream?seconds=60`, token(owner), ids);
  const next = open.next();
  // Its first id is there before anything happens: whoever is cut off now misses nothing.
  await until(() => ids.length > 0);
  const [before] = ids;
  const live = batch(owner, 3, '2026-02-01T00:00:00.000Z');
  await world.store(live);
  expect((await next).value).toMatchObject({ name: 'batch' });
  expect(((await open.next()).value as Sent).data.id).toBe(live.events[0]?.id);
  await open.return(undefined);

  const again = await all(`${pathOf(owner)}/event-stream?seconds=0&limit=2`, {
    ...token(owner),
    'last-event-id': before ?? '',
  });
  expect(eventsOf(again)).toEqual(idsOf(live).slice(0, 2));
  const rest = await all(`${pathOf(owner)}/event-stream?seconds=0`, {
    ...token(owner),
    'last-event-id': again.at(-1)?.at ?? '',
  });
  expect(eventsOf(rest)).toEqual(idsOf(live).slice(2));
});

test('an app follows every wallet that lets it, and nothing removed comes', async () => {
  const [one, other, silent] = [owner, world.party('other'), world.party('silent')];
  for (const { requests } of [one, other])
    await requests.policy({ scopes: ['purchase'], recipients: 'app', expiresAt: world.now() + HOUR });
  const batches = [one, other, silent].map((by) => batch(by, 2, '2026-01-03T00:00:00.000Z'));
  const ids: string[] = [];
  await all(`/v1/apps/${toHex(world.app)}/event-stream?seconds=0`, appToken(), ids);
  for (const made of batches) await world.store(made);
  const gone = batches[0]?.events[1]?.id ?? '';
  world.it.vault.tables.removals.push({
    app: world.app,
    wallet: one.account.publicKey,
    id: new Uint8Array(randomBytes(16)),
    issuedAt: world.now(),
    selector: { events: [gone] },
  });
  const sent = await all(`/v1/apps/${toHex(world.app)}/event-stream?seconds=0`, {
    ...appToken(),
    'last-event-id': ids.at(-1) ?? '',
  });
  const wanted = idsOf(...batches.slice(0, 2)).filter((id) => id !== gone);
  expect([...eventsOf(sent)].sort()).toEqual([...wanted].sort());
});

test('a place of somebody else, or of no stream, is refused', async () => {
  const ids: string[] = [];
  await all(`${pathOf(owner)}/event-stream?seconds=0`, token(owner), ids);
  const stranger = world.party('stranger');
  for (const id of [ids.at(-1) ?? '', 'AAAA', 'x'.repeat(1_001)]) {
    const headers = { ...token(stranger), 'last-event-id': id };
    const answer = await fetch(`${world.it.url}${pathOf(stranger)}/event-stream?seconds=0`, { headers });
    expect([id.length, answer.status]).toEqual([id.length, 400]);
  }
});

test('where nothing happens it says where it is every 15 seconds', async () => {
  const ids: string[] = [];
  const open = sentBy(`${pathOf(owner)}/event-stream?seconds=300`, token(owner), ids);
  const next = open.next();
  await until(() => ids.length === 1);
  ahead += 15_001;
  await until(() => ids.length === 2);
  ahead += 300_000;
  expect((await next).value).toMatchObject({ name: 'end', data: { events: 0 } });
  await open.return(undefined);
});

test('a caller has sixteen at once, and has the place again that it left', async () => {
  const leave = new AbortController();
  const headers = token(owner);
  const open = (signal: AbortSignal) =>
    fetch(`${world.it.url}${pathOf(owner)}/event-stream?seconds=60`, { headers, signal });
  const answers = await Promise.all(Array.from({ length: 16 }, () => open(leave.signal)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const refused = await open(AbortSignal.timeout(10_000));
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([429, 'rate_limited']);
  leave.abort();
  // Nobody reads any more: that is seen at the next look, however long they were to last.
  for (let status = 429; status !== 200; ) {
    const again = await open(AbortSignal.timeout(10_000));
    status = again.status;
    await again.body?.cancel();
  }
});

test('a service that stops ends it, with the place from which another one goes on', async () => {
  const other = await readingWorld();
  const ids: string[] = [];
  const reader = other.party('reader');
  const headers = bearer({
    ...{ keyPair: reader.account, app: other.app, by: 'wallet', operations: ['events.read'], now: other.now() },
  });
  const open = sentBy(`${pathOf(reader)}/event-stream?seconds=300`, headers, ids, other);
  const next = open.next();
  await until(() => ids.length > 0);
  await other.close();
  const last = (await next).value as Sent;
  expect(last.at).toBe(ids.at(-1));
  expect(last.name === 'end' || last.data.code === 'stopping').toBe(true);
});

test('places are kept by partition: a reader that is in a batch of one goes on there after news of another', () => {
  const cursors = createFollowCursors(new Uint8Array(randomBytes(32)), {
    bytes: (n) => new Uint8Array(randomBytes(n)),
  });
  const whose = { app: world.app, wallet: owner.account.publicKey };
  const at = new Map([
    [0, { mark: -1, within: { origin: 4, index: 7 } }],
    [3, { mark: 9_000, within: null }],
  ]);
  expect(cursors.read(whose, cursors.show(whose, at))).toEqual(at);
});

describe('batches by name', () => {
  interface Line {
    readonly batch?: { readonly id: string };
    readonly event?: { readonly id: string; readonly scopes: Record<string, { data?: string; envelope?: string }> };
    readonly unknown?: { readonly id: string };
    readonly end?: object;
  }
  async function named(body: object, headers: Record<string, string>): Promise<Line[]> {
    const answer = await fetch(`${world.it.url}/v1/apps/${toHex(world.app)}/batch-events`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
    return (await answer.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  }
  const idOf = (made: { readonly batchId: Uint8Array }) => toHex(made.batchId);

  test('are told in the order of the names, each as it may be seen now', async () => {
    const friend = world.party('friend');
    const silent = world.party('silent');
    await world.certify(friend);
    await world.grant(owner, friend);
    const mine = [batch(owner, 2, '2026-01-09T00:00:00.000Z'), batch(owner, 3, '2026-01-01T00:00:00.000Z')] as const;
    const others = batch(silent, 1, '2026-01-02T00:00:00.000Z');
    for (const one of [...mine, others]) await world.store(one);
    const gone = mine[1].events[1]?.id ?? '';
    world.it.vault.tables.removals.push({
      ...{ app: world.app, wallet: owner.account.publicKey, id: new Uint8Array(randomBytes(16)) },
      ...{ issuedAt: world.now(), selector: { events: [gone] } },
    });
    const strange = 'ab'.repeat(32);
    const ids = [idOf(mine[0]), strange, idOf(others), idOf(mine[1]), idOf(mine[0])];
    const lines = await named({ ids, scopes: [] }, token(friend));
    expect(lines.flatMap(({ batch: told }) => (told ? [told.id] : []))).toEqual([idOf(mine[0]), idOf(mine[1])]);
    expect(lines.flatMap(({ event }) => (event ? [event.id] : []))).toEqual(idsOf(...mine).filter((id) => id !== gone));
    expect(lines.flatMap(({ unknown }) => (unknown ? [unknown.id] : []))).toEqual([strange]);
    expect(lines.some(({ event }) => event && Object.values(event.scopes).some((one) => one.envelope))).toBe(false);
    expect(lines.at(-1)).toHaveProperty('end');
  });

  test('an app asks for all wallets, or not at all', async () => {
    const made = batch(owner, 1, '2026-01-09T00:00:00.000Z');
    await world.store(made);
    expect(await named({ ids: [idOf(made)] }, appToken())).toHaveLength(1);
    await owner.requests.policy({ scopes: ['purchase'], recipients: 'app', expiresAt: world.now() + HOUR });
    world.cachesEnd();
    expect((await named({ ids: [idOf(made)] }, appToken())).filter(({ event }) => event)).toHaveLength(1);
    const ofOne = world.appToken(owner.account.publicKey, 'events.read');
    await expect(named({ ids: [idOf(made)] }, ofOne)).rejects.toThrow('403');
  });
});
