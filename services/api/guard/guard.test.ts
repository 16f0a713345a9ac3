import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createMemoryApps } from '../../../connectors/postgres/memory-apps.ts';
import { createMemoryUsage } from '../../../connectors/postgres/memory-usage.ts';
import { encodeNdjson, fromBase64url, fromUtf8, keyPairFromSeed, toHex } from '../../../protocol/index.ts';
import {
  app,
  type MemoryApi,
  someBatch,
  someBody,
  someEvent,
  startMemoryApi,
  wallet,
} from '../../../test/support/api.ts';
import { bearer } from '../../../test/support/call-api.ts';
import { eventually } from '../../../test/support/room-process.ts';
import { RetriableError } from '../../pipeline/errors.ts';
import type { Audited } from '../audit.ts';
import { createQuotas } from '../limits/quotas.ts';

const opened: MemoryApi[] = [];
const start = async (...given: Parameters<typeof startMemoryApi>) => {
  const it = await startMemoryApi(...given);
  opened.push(it);
  return it;
};
let it: MemoryApi;
const audited: Audited[] = [];
beforeAll(async () => {
  it = await startMemoryApi({ audit: (line) => audited.push(line), hstsSeconds: 600 });
});
afterAll(() => it.api.close());
afterEach(async () => {
  for (const one of opened.splice(0)) await one.api.close();
});

const hex = { app: toHex(app.publicKey), wallet: toHex(wallet.publicKey) };
const OWNER = `/v1/wallets/${hex.wallet}/apps/${hex.app}`;
const tokenFor = (...operations: string[]) => bearer({ keyPair: wallet, app: app.publicKey, by: 'wallet', operations });
const requestOf = ({ authorization }: { authorization: string }) =>
  JSON.parse(fromUtf8(fromBase64url(authorization.slice('Bearer '.length)))) as { id: string };
const many = (count: number) => Array.from({ length: count }, () => someEvent());

describe('headers of every answer', () => {
  test.each([
    ['a batch that is taken', () => it.post(someBody()), 202],
    ['a batch that is refused', () => it.post('{}'), 422],
    ['data', () => fetch(`${it.url}/v1/positions`), 200],
    ['what is not there', () => fetch(`${it.url}/nothing`), 404],
    ['the documentation', () => fetch(`${it.url}/docs`), 200],
    ['a script of the documentation', () => fetch(`${it.url}/docs/swagger-ui-bundle.js`), 200],
  ] as const)('%s', async (name, ask, status) => {
    const { headers, ...answer } = await ask().then((one) => ({ status: one.status, headers: one.headers }));
    expect(status === 422 ? answer.status >= 400 : answer.status === status).toBe(true);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('strict-transport-security')).toBe('max-age=600; includeSubDomains');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    const documentation = name.includes('documentation');
    expect(policy.includes("script-src 'self' 'wasm-unsafe-eval';")).toBe(documentation);
    expect(policy).not.toMatch(/script-src[^;]* 'unsafe/);
    if (!documentation) expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{16}-[0-9a-z]+$/);
  });

  test('a well-formed request id is taken over, any other replaced', async () => {
    const idOf = async (id: string) =>
      (await fetch(`${it.url}/livez`, { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    expect(await idOf('my-trace.0001')).toBe('my-trace.0001');
    for (const wrong of ['short', 'x'.repeat(65), 'with space 123'])
      expect(await idOf(wrong)).toMatch(/^[0-9a-f]{16}-/);
  });
});

describe('CORS', () => {
  const SHOP = 'https://shop.example';
  const other = keyPairFromSeed('sr25519', new Uint8Array(32).fill(77));
  const preflight = (one: MemoryApi, path: string, origin: string) =>
    fetch(`${one.url}${path}`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });
  const allowed = (answer: Response) => answer.headers.get('access-control-allow-origin');
  const closed = async () => {
    const one = await start();
    await one.apps.add({ app: app.publicKey, origins: [SHOP] });
    await one.apps.add({ app: other.publicKey, open: true, origins: ['https://other.example'] });
    return one;
  };

  test.each(['/v1/batches', '/v1/batches/status', `${OWNER}/mode`, '/v1/grants', '/nothing'])(
    'a preflight of %s is allowed for any registered origin, and no other',
    async (path) => {
      const one = await closed();
      const good = await preflight(one, path, SHOP);
      expect([good.status, allowed(good)]).toEqual([204, SHOP]);
      expect(good.headers.get('access-control-allow-methods')).toContain('POST');
      expect(good.headers.get('access-control-allow-headers')).toBe(
        'Authorization, DDC-App-Token, Content-Type, Content-Encoding, X-Request-Id, Range, If-Range, If-None-Match, Last-Event-ID',
      );
      expect(good.headers.get('vary')).toBe('Origin');
      const bad = await preflight(one, path, 'https://evil.example');
      expect([bad.status, allowed(bad), bad.headers.get('access-control-allow-methods')]).toEqual([204, null, null]);
    },
  );

  test('an answer may be read only from where the app of the batch allows it', async () => {
    const one = await closed();
    const from = (origin: string) => one.post(someBody(), { origin });
    const good = await from(SHOP);
    expect([good.status, allowed(good)]).toEqual([202, SHOP]);
    expect(good.headers.get('access-control-expose-headers')).toContain('RateLimit');
    expect(allowed(await from('https://other.example'))).toBeNull();
    expect(allowed(await from('https://evil.example'))).toBeNull();
    const foreign = await one.post(someBody({ app: toHex(other.publicKey) }), { origin: 'https://other.example' });
    expect(allowed(foreign)).toBe('https://other.example');
    await one.apps.setUnpaid(other.publicKey, true);
  });

  test('on other routes the app is that of the address, the token or the signed request', async () => {
    const one = await closed();
    const token = tokenFor('move');
    const ask = async (path: string, origin: string, init: RequestInit = {}) =>
      allowed(await fetch(`${one.url}${path}`, { ...init, headers: { origin, ...token, ...init.headers } }));
    expect(await ask(`${OWNER}/mode`, SHOP)).toBe(SHOP);
    expect(await ask(`${OWNER}/mode`, 'https://other.example')).toBeNull();
    const body = JSON.stringify({ kind: 'grant', app: hex.app });
    const post = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
    expect(await ask('/v1/grants', 'https://other.example', post)).toBeNull();
    expect(await ask('/v1/positions', SHOP)).toBe(SHOP);
  });

  test('an open app that names no origins may be called from everywhere; without Origin there are no such headers', async () => {
    const one = await start();
    expect(allowed(await one.post(someBody(), { origin: 'https://anywhere.example' }))).toBe(
      'https://anywhere.example',
    );
    expect((await one.post(someBody())).headers.get('vary')).toBeNull();
  });
});

describe('quotas and rates', () => {
  const tiers = { free: { operations: 5, periodSeconds: 3_600 }, premium: { operations: null, periodSeconds: 3_600 } };
  const limited = async (limits: object) =>
    start({ quotas: createQuotas(createMemoryUsage(), tiers, Date.now), limits });
  // Slow to fill up again: a busy machine takes seconds for a few requests.
  const caller = { perSecond: 0.05, burst: 3, concurrent: 10 };

  test('what is left of both is told; over quota 402 with the end of the period, and resends still get their 202', async () => {
    const one = await limited({ caller });
    const batch = someBody({ events: many(4) });
    const first = await one.post(batch);
    expect(first.headers.get('ratelimit-policy')).toBe('"quota";q=5;w=3600, "rate";q=3;w=60');
    expect(first.headers.get('ratelimit')).toMatch(/^"quota";r=1;t=\d+, "rate";r=2;t=(19|20)$/);
    const refused = await one.post(someBody({ events: many(2) }));
    expect([refused.status, await refused.json()]).toEqual([402, expect.objectContaining({ code: 'quota_exceeded' })]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit')).toMatch(/^"quota";r=1;/);
    expect((await one.post(someBody())).status).toBe(202);
  });

  test('a known batch does not count', async () => {
    const one = await limited({});
    const batch = someBatch({ events: many(5) });
    const { partition, offset } = (await (await one.post(encodeNdjson(batch))).json()) as Record<string, number>;
    const owner = { app: app.publicKey, wallet: wallet.publicKey };
    const known = { batchId: batch.batchId, ...owner, rootVersion: 1, issuedAt: batch.header.issuedAt, retryOf: null };
    await one.admission.admit(partition ?? 0, [{ ...known, origin: offset ?? 0 }]);
    const again = await one.post(encodeNdjson(batch));
    expect(again.status).toBe(202);
    expect(again.headers.get('ratelimit')).toMatch(/^"quota";r=0;/);
    expect((await one.post(someBody())).status).toBe(402);
  });

  test('a batch that was refused or could not be written does not count', async () => {
    let away = true;
    const writer = {
      async send() {
        if (away) throw new RetriableError('away', 'away');
        return 0;
      },
      close: async () => undefined,
    };
    const one = await start({ quotas: createQuotas(createMemoryUsage(), tiers, Date.now), writer });
    expect((await one.post(someBody({ events: many(5) }))).status).toBe(503);
    expect((await one.post(someBody({ events: many(6) }))).status).toBe(402);
    away = false;
    expect((await one.post(someBody({ events: many(5) }))).status).toBe(202);
  });

  test('one wallet too fast: 429 with Retry-After; another is served, and forgeries in its name cost it nothing', async () => {
    const one = await start({ limits: { caller } });
    const { header, events } = someBatch();
    const forged = JSON.stringify({ header: { ...header, seq: header.seq + 1 }, events });
    for (let i = 0; i < 6; i++)
      expect((await one.post(forged, { 'content-type': 'application/json' })).status).toBe(422);
    const codes: number[] = [];
    for (let i = 0; i < 4; i++) codes.push((await one.post(someBody())).status);
    expect(codes).toEqual([202, 202, 202, 429]);
    const refused = await one.post(someBody());
    expect(await refused.json()).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(refused.headers.get('ratelimit')).toMatch(/^"rate";r=0;t=([1-9]|1\d|20)$/);
    const second = keyPairFromSeed('sr25519', new Uint8Array(32).fill(78));
    expect((await one.post(someBody({ wallet: toHex(second.publicKey), keyPair: second }))).status).toBe(202);
  });

  test('one token too fast', async () => {
    const one = await start({ limits: { caller } });
    const token = tokenFor('move');
    const ask = async () => (await fetch(`${one.url}${OWNER}/mode`, { headers: token })).status;
    expect([await ask(), await ask(), await ask(), await ask()]).toEqual([200, 200, 200, 429]);
  });

  test('one address too fast, or with too many at once; who watches is always answered', async () => {
    const one = await start({ limits: { address: { perSecond: 0.05, burst: 3, concurrent: 10 } } });
    const ask = async (path: string) => (await fetch(`${one.url}${path}`)).status;
    for (let i = 0; i < 3; i++) expect(await ask('/v1/positions')).toBe(200);
    expect(await ask('/v1/positions')).toBe(429);
    expect((await one.post(someBody())).status).toBe(429);
    for (let i = 0; i < 6; i++) expect(await ask('/livez')).toBe(200);
  });

  test('behind a trusted proxy each client has its own', async () => {
    const one = await start({
      limits: { address: { perSecond: 0.05, burst: 1, concurrent: 10 } },
      trustedProxies: ['127.0.0.1'],
    });
    const ask = async (client: string) =>
      (await fetch(`${one.url}/v1/positions`, { headers: { 'x-forwarded-for': client } })).status;
    expect([await ask('203.0.113.1'), await ask('203.0.113.2'), await ask('9.9.9.9, 203.0.113.1')]).toEqual([
      200, 200, 429,
    ]);
  });
});

test('what needs no token is answered whatever Authorization says', async () => {
  for (const authorization of ['Bearer nothing', 'Basic eA==', 'Bearer']) {
    const answer = await fetch(`${it.url}/v1/positions`, { headers: { authorization } });
    expect(answer.status).toBe(200);
  }
});

describe('the audit log', () => {
  test('tells who asked for what on whom, and what came of it; nothing of the content', async () => {
    audited.length = 0;
    const token = tokenFor('move');
    await fetch(`${it.url}${OWNER}/mode`, { headers: { ...token, 'x-request-id': 'trace-12345' } });
    const other = tokenFor('access.read');
    await fetch(`${it.url}${OWNER}/mode`, { headers: other });
    await fetch(`${it.url}${OWNER}/mode`);
    await eventually('three lines', async () => (audited.length === 3 ? true : null), 5_000);
    const line = { address: '127.0.0.0/24', method: 'GET', route: '/v1/wallets/{wallet}/apps/{app}/mode', ...hex };
    const caller = (token: { authorization: string }) => ({
      signer: 'wallet',
      key: hex.wallet,
      id: requestOf(token).id,
    });
    expect(audited).toEqual([
      { ...line, requestId: 'trace-12345', caller: caller(token), status: 200, code: null, endedEarly: false },
      {
        ...line,
        requestId: expect.any(String),
        caller: caller(other),
        status: 403,
        code: 'forbidden',
        endedEarly: false,
      },
      { ...line, requestId: expect.any(String), caller: null, status: 401, code: 'unauthorized', endedEarly: false },
    ]);
  });

  test('a signed request that nobody signed is nobody’s; batches and open reads have no line', async () => {
    audited.length = 0;
    await it.post(someBody());
    await fetch(`${it.url}/v1/positions`);
    const forged = { ...requestOf(tokenFor('move')), kind: 'grant' };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${it.url}/v1/grants`, { method: 'POST', headers, body: JSON.stringify(forged) });
    expect(answer.status).toBe(422);
    await eventually('a line', async () => (audited.length > 0 ? true : null), 5_000);
    expect(audited).toEqual([expect.objectContaining({ route: '/v1/grants', caller: null, status: 422 })]);
  });

  test('a forged request with some Authorization names nobody either; a move has a line like any other', async () => {
    audited.length = 0;
    const forged = { ...requestOf(tokenFor('move')), kind: 'grant' };
    const post = (path: string, headers: object) =>
      fetch(`${it.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(forged),
      });
    expect((await post('/v1/grants', { authorization: 'Basic eDp5' })).status).toBe(422);
    expect((await post('/v1/grants', tokenFor('move'))).status).toBe(422);
    expect((await post('/v1/moves', {})).status).toBe(422);
    await eventually('three lines', async () => (audited.length === 3 ? true : null), 5_000);
    expect(audited.map(({ route, caller }) => [route, caller])).toEqual([
      ['/v1/grants', null],
      ['/v1/grants', null],
      ['/v1/moves', null],
    ]);
  });

  test('who resets before the last byte has a line that says so', async () => {
    audited.length = 0;
    let begun: (value: unknown) => void = () => undefined;
    const asked = new Promise((resolve) => {
      begun = resolve;
    });
    const apps = createMemoryApps();
    const one = await start({
      audit: (line) => audited.push(line),
      apps: {
        ...apps,
        async find() {
          begun(null);
          return new Promise(() => undefined);
        },
      },
    });
    const gone = new AbortController();
    const token = tokenFor('move');
    const answer = fetch(`${one.url}${OWNER}/mode`, { headers: token, signal: gone.signal });
    await asked;
    gone.abort();
    await expect(answer).rejects.toThrow();
    await eventually('a line', async () => (audited.length === 1 ? true : null), 5_000);
    expect(audited).toEqual([
      expect.objectContaining({
        caller: { signer: 'wallet', key: hex.wallet, id: requestOf(token).id },
        status: null,
        endedEarly: true,
      }),
    ]);
  });
});

test('JSON that nests too deep is not parsed', async () => {
  const body = `{"ids":${'['.repeat(60_000)}${']'.repeat(60_000)}}`;
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${it.url}/v1/batches/status`, { method: 'POST', headers, body });
  expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ code: 'too_deep' })]);
});

describe('readiness', () => {
  test('is 503 and says draining while it still serves', async () => {
    const one = await start();
    one.api.drain();
    const answer = await fetch(`${one.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([503, { ready: false, state: 'draining', dependencies: {} }]);
    expect((await one.post(someBody())).status).toBe(202);
    expect((await fetch(`${one.url}/livez`)).status).toBe(200);
  });
});

describe('slow clients', () => {
  test('hundreds that dribble stop nobody, and are cut', async () => {
    const one = await start({}, { requestTimeoutMs: 1_500, headersTimeoutMs: 1_000 });
    const slow: Socket[] = [];
    let gone = 0;
    const open = (head: string) => {
      const socket = connect(one.api.port, '127.0.0.1', () => socket.write(head));
      socket
        .on('error', () => undefined)
        .on('close', () => {
          gone += 1;
        });
      socket.resume();
      slow.push(socket);
    };
    for (let i = 0; i < 150; i++) {
      open('GET /v1/positions HTTP/1.1\r\nhost: x\r\nx-slow: ');
      open(
        'POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ncontent-length: 9999\r\n\r\n{',
      );
    }
    const dribble = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write('x');
    }, 200);
    try {
      for (let i = 0; i < 5; i++) expect((await one.post(someBody())).status).toBe(202);
      await eventually('all slow ones are cut', async () => (gone === 300 ? true : null), 15_000);
      expect(await one.metrics.text()).toMatch(/ddc_api_body_bytes\{[^}]*\} 0/);
    } finally {
      clearInterval(dribble);
      for (const socket of slow) socket.destroy();
    }
  });

  test('one address holds only so many connections', async () => {
    const one = await start({ limits: { address: { perSecond: 1_000, burst: 1_000, concurrent: 4 } } });
    const sockets = Array.from({ length: 12 }, () => connect(one.api.port, '127.0.0.1').on('error', () => undefined));
    const closed = () => sockets.filter((socket) => socket.closed || socket.destroyed).length;
    for (const socket of sockets) socket.resume();
    await eventually('half are refused', async () => (closed() >= 6 ? true : null), 5_000);
    await wait(100);
    expect(closed()).toBe(6);
    for (const socket of sockets) socket.destroy();
    await eventually('there is room again', async () => {
      const answer = await fetch(`${one.url}/livez`).catch(() => null);
      return answer?.status === 200 ? true : null;
    });
  });
});
