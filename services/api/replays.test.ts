import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { keyPairFromSeed, toHex } from '../../protocol/index.ts';
import { someDeclaration } from '../../test/contract/exports.ts';
import { app, startMemoryApi } from '../../test/support/api.ts';
import { bearer, call } from '../../test/support/call-api.ts';
import type { PlannedPartition } from '../pipeline/replays/plan.ts';
import type { ReplayView } from '../pipeline/replays/view.ts';

const APP = toHex(app.publicKey);
const FOLDER = `/srv/exports/${APP}`;
let it: Awaited<ReturnType<typeof startMemoryApi>>;
let now = Date.now();

beforeAll(async () => {
  it = await startMemoryApi({ clock: { now: () => now } });
});
afterAll(() => it.api.close());
beforeEach(async () => {
  for (const { version, job } of await it.replays.waiting(100))
    await it.replays.change(job.id, version, { ...job, state: 'cancelled' });
  for (const { id } of await it.exports.list()) {
    await it.exports.setState(id, 'ending');
    await it.exports.forget(id);
  }
});

const ask = <T = ReplayView>(path: string, body?: unknown, by = app) =>
  call<T>(`${it.url}/v1/apps/${toHex(by.publicKey)}/replays${path}`, {
    headers: bearer({ keyPair: by, app: by.publicKey, by: 'app', operations: ['exports.read', 'exports.write'], now }),
    ...(body === undefined ? {} : { body }),
  });
const said = (over: object = {}) => ({
  ...{ scopes: ['purchase'], target: { sink: 'ndjson', config: { folder: `${FOLDER}/again` } } },
  ...over,
});
const problemsOf = ({ body }: { body: object }) =>
  ((body as { problems?: { code: string; path: string }[] }).problems ?? []).map(({ code, path }) => `${code} ${path}`);
const declare = (name: string, over: object = {}, state: 'running' | 'paused' = 'paused') =>
  it.exports.add(someDeclaration({ name, app: app.publicKey, ...over }), state);

describe('a replay', () => {
  test('is made as it was asked for, and waits for whoever works on it', async () => {
    const from = '2026-01-02T03:04:05+01:00';
    const { status, body } = await ask('', said({ types: ['PURCHASE'], from, rate: 10 }));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ app: APP, by: 'app', state: 'pending', types: ['PURCHASE'], scopes: ['purchase'], schema: 'typed' },
      ...{ from: Date.parse(from), to: null, wallet: null, rate: 10, target: said().target },
      ...{ rows: 0, etaMs: null, error: null, endedAt: null },
    });
    expect((await it.replays.find(body.id))?.job.spec).toMatchObject({ host: null, by: 'app' });
    expect((await ask(`/${body.id}`)).body).toEqual(body);
    expect((await ask<{ replays: ReplayView[] }>('')).body.replays).toContainEqual(body);
  });

  test('has a rate where none is said, and none where that is said', async () => {
    expect((await ask('', said())).body).toMatchObject({ rate: 5_000, cpuShare: 0.05 });
    expect((await ask('', said({ rate: 5_000 }))).body).toMatchObject({ rate: 5_000, cpuShare: null });
    expect((await ask('', said({ rate: null }))).body).toMatchObject({ rate: null, cpuShare: null });
  });

  test('is refused with everything that is wrong with it, and nothing is kept', async () => {
    const before = (await it.replays.list(1_000)).length;
    const answer = await ask('', {
      ...{ target: { sink: 'webhook', config: { folder: '/etc' } }, scopes: ['__meta'], wallet: 'me', speed: 1 },
      ...{ from: 2_000, to: 1_000, rate: 0 },
    });
    expect([answer.status, answer.body]).toEqual([422, expect.objectContaining({ code: 'bad_replay' })]);
    expect(problemsOf(answer).sort()).toEqual([
      'invalid rate',
      'invalid scopes.0',
      'invalid wallet',
      'sink_not_allowed target.sink',
      'time_range to',
      'unknown_member speed',
      'unknown_sink target.sink',
    ]);
    expect(problemsOf(await ask('', { target: { export: 'a', sink: 'b' } }))).toEqual(['invalid target']);
    const early = { from: '0186-06-10T15:22:54Z', to: '1969-12-31T23:59:59Z' };
    expect(problemsOf(await ask('', said(early)))).toEqual(['invalid from', 'invalid to']);
    expect(problemsOf(await ask('', { target: said().target }))).toEqual(['missing scopes']);
    expect(await it.replays.list(1_000)).toHaveLength(before);
  });

  test('into an export takes what that was declared with, and nothing else', async () => {
    await declare('sales', { types: ['PURCHASE'], scopes: ['purchase'], by: 'operator' });
    const { status, body } = await ask('', { target: { export: 'sales' } });
    expect([status, body]).toEqual([201, expect.objectContaining({ target: { export: 'sales' }, by: 'operator' })]);
    const { spec } = (await it.replays.find(body.id))?.job ?? {};
    expect(spec).toMatchObject({ types: ['PURCHASE'], scopes: ['purchase'], sink: { name: 'parquet' } });
    const more = { target: { export: 'sales' }, scopes: ['profile'], schema: 'text', types: ['PAGE_VIEW'] };
    expect(problemsOf(await ask('', more)).sort()).toEqual([
      'of_the_export schema',
      'of_the_export scopes',
      'of_the_export types.0',
    ]);
  });

  test('into an export of another app, one that is there no more, or one that runs is refused', async () => {
    const other = keyPairFromSeed('sr25519', new Uint8Array(32).fill(79));
    await declare('theirs', { app: other.publicKey });
    await declare('runs', {}, 'running');
    const { id } = await declare('ends');
    await it.exports.setState(id, 'ending');
    const problems = async (name: string) => problemsOf(await ask('', { target: { export: name } }));
    for (const name of ['theirs', 'ends', 'nowhere'])
      expect(await problems(name)).toEqual(['unknown_export target.export']);
    expect(await problems('runs')).toEqual(['export_running target.export']);
  });

  test('is told what it would read, and not made', async () => {
    const before = (await it.replays.list(1_000)).length;
    const { status, body } = await ask<{ valid: boolean; partitions: PlannedPartition[] }>('?dryRun=true', said());
    expect([status, body.valid, body.partitions.map(({ until }) => until)]).toEqual([200, true, [-1, -1, -1, -1]]);
    const ofOne = await ask<{ partitions: PlannedPartition[] }>('?dryRun=true', said({ wallet: '03'.repeat(32) }));
    expect(ofOne.body.partitions.map(({ partition }) => partition)).toEqual([3]);
    expect(await it.replays.list(1_000)).toHaveLength(before);
  });

  test('is one of 20 of an app that wait at most', async () => {
    for (let n = 0; n < 20; n += 1) expect((await ask('', said())).status).toBe(201);
    expect(problemsOf(await ask('', said()))).toEqual(['too_many_replays ']);
  });

  test('is paused, goes on and is cancelled, and then it is over', async () => {
    const { id } = (await ask('', said())).body;
    const order = (what: string) => ask(`/${id}/${what}`, {});
    expect((await order('pause')).body).toMatchObject({ id, state: 'paused' });
    expect((await order('resume')).body).toMatchObject({ state: 'pending' });
    expect(await order('resume')).toMatchObject({ status: 409, body: { code: 'replay_state' } });
    now += 1_000;
    expect((await order('cancel')).body).toMatchObject({ state: 'cancelled', endedAt: now });
    expect(await order('pause')).toMatchObject({ status: 409, body: { code: 'replay_state' } });
  });

  test('of another app is seen and changed by nobody', async () => {
    const other = keyPairFromSeed('sr25519', new Uint8Array(32).fill(78));
    const { id } = (await ask('', said())).body;
    expect((await ask<{ replays: unknown[] }>('', undefined, other)).body.replays).toEqual([]);
    for (const what of ['', '/pause', '/resume', '/cancel'])
      expect(await ask(`/${id}${what}`, what === '' ? undefined : {}, other)).toMatchObject({
        status: 404,
        body: { code: 'unknown_replay' },
      });
    expect((await it.replays.find(id))?.job.state).toBe('pending');
  });
});
