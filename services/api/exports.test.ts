import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { attachExport } from '../../cli/exports/attach.ts';
import { keyPairFromSeed, toHex } from '../../protocol/index.ts';
import { someDeclaration } from '../../test/contract/exports.ts';
import { someReplay } from '../../test/contract/replays.ts';
import { app, startMemoryApi } from '../../test/support/api.ts';
import { bearer, call } from '../../test/support/call-api.ts';
import { readingWorld } from '../../test/support/reading-world.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { MOST_OF_ONE } from '../pipeline/exports/room-for.ts';
import type { ExportView } from '../pipeline/exports/view.ts';

const APP = toHex(app.publicKey);
const OPERATIONS = ['exports.read', 'exports.write'];
const FOLDER = `/srv/exports/${APP}`;
let it: Awaited<ReturnType<typeof startMemoryApi>>;
let now = Date.now();

beforeAll(async () => {
  it = await startMemoryApi({ clock: { now: () => now } });
});
afterAll(() => it.api.close());
beforeEach(async () => {
  for (const { id } of await it.exports.list()) {
    await it.exports.setState(id, 'ending');
    await it.exports.forget(id);
  }
});

const ask = <T = ExportView>(path: string, body?: unknown, by = app) =>
  call<T>(`${it.url}/v1/apps/${toHex(by.publicKey)}/exports${path}`, {
    headers: bearer({ keyPair: by, app: by.publicKey, by: 'app', operations: OPERATIONS, now }),
    ...(body === undefined ? {} : { body }),
  });
const said = (over: object = {}) => ({
  ...{ name: 'sales', scopes: ['purchase'], sink: 'ndjson', config: { folder: `${FOLDER}/sales` }, ...over },
});
const problemsOf = ({ body }: { body: object }) =>
  ((body as { problems?: { code: string; path: string }[] }).problems ?? []).map(({ code, path }) => `${code} ${path}`);

describe('a declaration', () => {
  test('is kept as it was said, and begins', async () => {
    const { status, body } = await ask('', said({ types: ['PURCHASE'], from: 'now' }));
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...said(), types: ['PURCHASE'], app: APP, by: 'app', from: 'now' });
    expect(body).toMatchObject({ state: 'running', health: 'waiting', rows: 0, lag: { batches: 0, seconds: 0 } });
    expect(await it.exports.find('sales')).toMatchObject({ starts: new Array(4).fill({ next: 0, mark: -1 }) });
  });

  test('is refused with everything that is wrong with it, and nothing is kept', async () => {
    const answer = await ask(
      '',
      said({ name: '-', scopes: ['__meta'], sink: 'webhook', config: { folder: '/etc', key: 1 }, from: 'then' }),
    );
    expect([answer.status, answer.body.code]).toEqual([422, 'bad_declaration']);
    expect(problemsOf(answer).sort()).toEqual([
      'invalid from',
      'invalid name',
      'invalid scopes.0',
      'sink_not_allowed sink',
      'unknown_sink sink',
    ]);
    expect(await it.exports.list()).toEqual([]);
  });

  test('of an app that is not registered is refused', async () => {
    const stranger = keyPairFromSeed('sr25519', new Uint8Array(32).fill(77));
    const config = { folder: `/srv/exports/${toHex(stranger.publicKey)}/x` };
    expect(problemsOf(await ask('', said({ config }), stranger))).toEqual(['unknown_app app']);
  });

  test('is judged without being kept', async () => {
    const { status, body } = await ask('?dryRun=true', said({ from: 'now' }));
    expect([status, body]).toEqual([200, { valid: true, starts: new Array(4).fill({ next: 0, mark: -1 }) }]);
    expect((await ask('?dryRun=true', said({ name: '' }))).status).toBe(422);
    expect(await it.exports.list()).toEqual([]);
  });

  test('is kept without being begun', async () => {
    const { status, body } = await ask('?paused=true', said());
    expect([status, body.state, body.health]).toEqual([201, 'paused', 'paused']);
  });

  test('takes a target once, and says whose it is to none but who declared that', async () => {
    await ask('', said());
    const again = await ask('', said({ name: 'logins', types: ['LOGIN'], config: { folder: `${FOLDER}/./sales/` } }));
    expect([again.status, problemsOf(again)]).toEqual([422, ['another_export config']]);
    expect(JSON.stringify(again.body)).toContain('export sales has this target');
    expect((await ask('', said({ name: 'logins', config: { folder: `${FOLDER}/logins` } }))).status).toBe(201);
    await it.exports.add(
      { ...someDeclaration(), name: 'theirs', sink: 'ndjson', config: { folder: FOLDER } },
      'running',
    );
    const onTheirs = await ask('', said({ name: 'more', config: { folder: FOLDER } }));
    expect(problemsOf(onTheirs)).toEqual(['another_export config']);
    expect(JSON.stringify(onTheirs.body)).not.toContain('theirs');
  });

  test('is one of so many of an app', async () => {
    const each = (n: number) => ask('', said({ name: `e${n}`, config: { folder: `${FOLDER}/${n}` } }));
    for (let n = 0; n < MOST_OF_ONE; n += 1) expect((await each(n)).status).toBe(201);
    expect(problemsOf(await each(MOST_OF_ONE))).toEqual(['too_many_of_one ']);
  });

  test('takes a name once, of whatever app', async () => {
    await ask('', said());
    expect(problemsOf(await ask('', said()))).toEqual(['name_taken name']);
  });
});

test('nobody sees or changes the export of another app', async () => {
  const other = keyPairFromSeed('sr25519', new Uint8Array(32).fill(78));
  await it.apps.add({ app: other.publicKey, open: true });
  await ask('', said());
  expect((await ask<{ exports: unknown[] }>('', undefined, other)).body.exports).toEqual([]);
  for (const path of ['/sales', '/sales/pause', '/sales/resume', '/sales/remove'])
    expect(await ask(path, path === '/sales' ? undefined : {}, other)).toMatchObject({
      status: 404,
      body: { code: 'unknown_export' },
    });
  expect(await it.exports.find('sales')).toMatchObject({ state: 'running' });
});

test('it is paused, goes on, and is removed, which is an end', async () => {
  await ask('', said());
  expect((await ask('/sales/pause', {})).body).toMatchObject({ state: 'paused', health: 'paused' });
  expect((await ask('/sales/resume', {})).body).toMatchObject({ state: 'running' });
  const { status, body } = await ask<{ stays: string }>('/sales/remove', {});
  expect([status, body.stays]).toEqual([202, expect.stringContaining(`${FOLDER}/sales`)]);
  expect(await ask('/sales/resume', {})).toMatchObject({ status: 409, body: { code: 'export_ending' } });
  expect((await ask('/sales')).body).toMatchObject({ state: 'ending', health: 'ending' });
});

test('it does not go on while a replay fills it', async () => {
  await ask('', said());
  await ask('/sales/pause', {});
  const job = someReplay('0a', app.publicKey);
  await it.replays.add(job);
  const refused = await ask('/sales/resume', {});
  expect(refused).toMatchObject({ status: 409, body: { code: 'export_replayed' } });
  expect((refused.body as { detail?: string }).detail).toContain('Replay 0a into sales is pending');
  expect((await ask('/sales')).body).toMatchObject({ state: 'paused' });
  await it.replays.change('0a', 1, { ...job, state: 'done' });
  expect((await ask('/sales/resume', {})).body).toMatchObject({ state: 'running' });
});

test('what is no more than an address is asked for without a body, and without a type of one', async () => {
  await ask('', said());
  const post = (path: string, head: RequestInit) =>
    fetch(`${it.url}/v1/apps/${APP}/exports${path}`, { method: 'POST', ...head });
  const headers = bearer({ keyPair: app, app: app.publicKey, by: 'app', operations: OPERATIONS, now });
  expect((await post('/sales/pause', {})).status).toBe(401);
  expect((await post('/sales/pause', { headers })).status).toBe(200);
  // What comes all the same is not looked at, and the connection goes on behind it.
  for (const body of ['{}', 'x'.repeat(1_000_000)])
    expect((await post('/sales/resume', { headers: { ...headers, 'content-type': 'text/plain' }, body })).status).toBe(
      200,
    );
  expect((await post('/sales/remove', { headers })).status).toBe(202);
  expect((await post('', { headers })).status).toBe(415);
});

test('its status tells how far it is behind, since when, and why', async () => {
  const at = Date.now();
  await it.log.writer().send(
    batchesReceived.name,
    2,
    [1, 2, 3].map(() => ({ key: new Uint8Array(32), value: new Uint8Array() })),
  );
  await ask('', said());
  const id = (await it.exports.find('sales'))?.id ?? 0;
  now = at + 70_000;
  const trouble = { code: 'sink_unavailable', message: 'apply: the disk is full', at: now };
  await it.exports.report(id, [{ partition: 2, position: { next: 1, mark: 0 }, rows: 5, trouble }], now);
  await it.exports.reportRun(id, { state: 'up', starts: 3, at, trouble: null });
  const { body } = await ask('/sales');
  expect(body).toMatchObject({
    health: 'failing',
    rows: 5,
    lag: { batches: 2 },
    lastError: trouble,
    process: { state: 'up', starts: 3 },
  });
  expect(body.lag.seconds).toBeGreaterThanOrEqual(69);
  expect(body.partitions[2]).toMatchObject({ position: { next: 1, mark: 0 }, rows: 5, lag: { batches: 2 } });
  await it.exports.report(id, [{ partition: 2, position: { next: 3, mark: 2 }, rows: 1, trouble: null }], now);
  const list = await ask<{ exports: ExportView[] }>('');
  expect(list.body.exports).toMatchObject([
    { health: 'running', rows: 6, lag: { batches: 0, seconds: 0 }, lastError: null },
  ]);
});

test('it tells what wallets let it read now', async () => {
  const world = await readingWorld();
  try {
    const headers = (operation: string) => world.appToken('*', operation);
    const url = `${world.it.url}/v1/apps/${APP}/exports`;
    await call(url, { headers: headers('exports.write'), body: said({ scopes: ['purchase', 'profile'] }) });
    const reads = async () =>
      (await call<{ mayRead: object }>(`${url}/sales`, { headers: headers('exports.read') })).body.mayRead;
    expect(await reads()).toEqual({ wallets: 0, more: false, scopes: { purchase: 0, profile: 0 } });
    const parties = ['one', 'two', 'three'].map(world.party);
    const expiresAt = world.now() + 3_600_000;
    for (const [i, { requests }] of parties.entries())
      await requests.policy({ scopes: i === 0 ? ['purchase'] : ['purchase', 'profile'], recipients: 'app', expiresAt });
    expect(await reads()).toEqual({ wallets: 3, more: false, scopes: { purchase: 3, profile: 2 } });
    const { id } = (await parties[1]?.requests.policy({ scopes: ['profile'], recipients: 'app', expiresAt })) ?? {
      id: '',
    };
    expect(await reads()).toMatchObject({ scopes: { purchase: 2, profile: 2 } });
    await parties[1]?.requests.revoke(id);
    expect(await reads()).toMatchObject({ scopes: { purchase: 2, profile: 1 } });
  } finally {
    await world.close();
  }
});

describe('a partner', () => {
  let world: Awaited<ReturnType<typeof readingWorld>>;
  beforeAll(async () => {
    world = await readingWorld();
  });
  afterAll(() => world.close());

  test('attaches what the app offers, once a wallet has granted it something, and the app sees and ends it', async () => {
    const [owner, partner] = [world.party('owner'), world.party('partner')];
    const wallet = toHex(partner.account.publicKey);
    const url = `${world.it.url}/v1/apps/${APP}`;
    const as = (operation: string) => ({ headers: world.token(partner, operation) });
    const wanted = said({ name: 'partners', config: { folder: `/srv/exports/${wallet}/in` } });
    const attach = (body: object = wanted) =>
      call<ExportView>(`${url}/attached-exports`, { ...as('exports.attach'), body });
    const offer = (more: object = {}) =>
      call(`${url}/export-offer`, {
        headers: world.appToken('*', 'exports.write'),
        body: {
          scopes: ['purchase'],
          types: ['PAGE_VIEW'],
          sinks: ['ndjson'],
          expiresAt: world.now() + 3_600_000,
          ...more,
        },
      });
    expect(await attach()).toMatchObject({ status: 403, body: { code: 'no_offer' } });
    const command = {
      url: world.it.url,
      network: 'cere-sandbox',
      app: APP,
      secret: `0x${'07'.repeat(32)}`,
      algorithm: 'sr25519',
    } as const;
    await expect(attachExport({ ...command, declaration: wanted })).rejects.toThrow('offers the caller no exports');
    expect((await offer({ partners: ['0a'.repeat(32)] })).status).toBe(200);
    expect(await attach()).toMatchObject({ status: 403, body: { code: 'no_offer' } });
    await offer({ partners: [wallet] });
    expect(await attach()).toMatchObject({ status: 403, body: { code: 'nothing_granted' } });
    await world.certify(partner);
    await world.grant(owner, partner);

    const refused = await attach({ ...wanted, scopes: ['purchase', 'profile'], types: ['PAGE_VIEW', 'PURCHASE'] });
    expect(problemsOf(refused)).toEqual(['scope_not_offered scopes.1', 'type_not_offered types.1']);
    expect(problemsOf(await attach({ ...wanted, scopes: [], config: { folder: FOLDER } })).sort()).toEqual([
      'folder_not_allowed config.folder',
      'scope_not_offered scopes',
      'type_not_offered types',
    ]);
    expect(await attach({ ...wanted, types: ['PAGE_VIEW'] })).toMatchObject({
      status: 201,
      body: { by: `wallet:${wallet}` },
    });

    const { body } = await call<ExportView & { mayRead: object }>(`${url}/exports/partners`, as('exports.read'));
    expect(body.mayRead).toEqual({ wallets: 1, more: false, scopes: { purchase: 1 } });
    const seenBy = async (headers: object) =>
      (await call<{ exports: ExportView[] }>(`${url}/exports`, headers)).body.exports.map(({ name }) => name);
    expect(await seenBy(as('exports.read'))).toEqual(['partners']);
    expect(await seenBy({ headers: world.token(owner, 'exports.read') })).toEqual([]);
    expect(await seenBy({ headers: world.appToken('*', 'exports.read') })).toEqual(['partners']);
    const order = (what: string, headers: Record<string, string> = as('exports.write').headers) =>
      call<ExportView>(`${url}/exports/partners/${what}`, { headers, body: {} });
    const byApp = world.appToken('*', 'exports.write');
    expect((await order('pause', byApp)).status).toBe(200);
    for (const narrower of [{ scopes: ['profile'] }, { partners: [] }, { sinks: [] }, { expiresAt: world.now() }]) {
      expect((await offer(narrower)).status).toBe(200);
      expect([narrower, await order('resume')]).toMatchObject([narrower, { status: 403, body: { code: 'no_offer' } }]);
    }
    expect(await world.it.exports.find('partners')).toMatchObject({ state: 'paused' });
    expect(await order('resume', byApp)).toMatchObject({ status: 200, body: { state: 'running' } });
    await order('pause');
    await offer({ partners: [wallet] });
    expect(await order('resume')).toMatchObject({ status: 200, body: { state: 'running' } });

    const ended = await call(`${url}/exports/partners/remove`, {
      headers: world.appToken('*', 'exports.write'),
      body: {},
    });
    expect(ended.status).toBe(202);
    expect(await world.it.exports.find('partners')).toMatchObject({ state: 'ending' });
  });
});
