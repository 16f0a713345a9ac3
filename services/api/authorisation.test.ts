import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fromHex, keyPairFromSeed, signRequest, toHex } from '../../protocol/index.ts';
import { app, type MemoryApi, startMemoryApi, wallet } from '../../test/support/api.ts';
import { authorization, call, type TokenWish, tokenOf } from '../../test/support/call-api.ts';

const HOUR = 3_600_000;
let it: MemoryApi;
let routes: Described[];
beforeAll(async () => {
  it = await startMemoryApi();
  const { body } = await call<{ paths: Record<string, Record<string, Omit<Described, 'path' | 'method'>>> }>(
    `${it.url}/openapi.json`,
  );
  routes = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ path, method, ...one })),
  );
});
afterAll(() => it.api.close());

interface Described {
  readonly path: string;
  readonly method: string;
  readonly description?: string;
  readonly security?: readonly object[];
}
const HEX = 'ab'.repeat(32);
const operationOf = ({ description = '' }: Described) => /operation `([a-z.]+)`/i.exec(description)?.[1] ?? '';
/** A body is sent, of no use: whoever is refused by the token is so before it is looked at. */
async function answered({ path, method }: Described, headers: Record<string, string>): Promise<string> {
  const address = `${it.url}${path.replaceAll(/\{\w+\}/g, HEX)}`;
  const sent = method === 'post' ? { method: 'POST', body: '{}' } : {};
  const answer = await fetch(address, { ...sent, headers: { 'content-type': 'application/json', ...headers } });
  const text = await answer.text();
  return `${answer.status} ${answer.ok ? '' : ((JSON.parse(text) as { code?: string }).code ?? '')}`;
}

const worker = keyPairFromSeed('sr25519', new Uint8Array(32).fill(5));
const REVOKED = 'cd'.repeat(16);
const of = (operation: string, wish: Partial<TokenWish> = {}) =>
  tokenOf({ keyPair: app, app: app.publicKey, by: 'app', operations: [operation], ...wish });
/** What is wrong with a token, and how every route that takes one refuses it. */
const WRONG: Readonly<
  Record<string, readonly [headers: (operation: string) => Record<string, string>, refusal: string]>
> = {
  'no token': [() => ({ authorization: 'Bearer' }), '401 unauthorized'],
  expired: [(op) => authorization(of(op, { now: Date.now() - HOUR, expiresAt: Date.now() - 1 })), '401 unauthorized'],
  'another audience': [(op) => authorization(of(op, { audience: 'another' })), '403 forbidden'],
  'another operation': [() => authorization(of('nothing')), '403 forbidden'],
  revoked: [(op) => authorization(of(op, { id: REVOKED })), '401 token_revoked'],
  'delegated, and used without its key': [
    (op) => authorization(of(op, { key: worker.publicKey })),
    '403 token_delegated',
  ],
  'delegated too far': [
    (op) => {
      const expiresAt = Date.now() + HOUR;
      const first = of('nothing', { key: worker.publicKey, expiresAt });
      return authorization(first, of(op, { keyPair: worker, delegated: true, expiresAt }));
    },
    '403 token_delegated',
  ],
};

describe('every route that takes a token', () => {
  beforeAll(async () => {
    const head = {
      kind: 'disown',
      network: 'cere-sandbox',
      app: toHex(app.publicKey),
      wallet: '00'.repeat(32),
    } as const;
    const how = {
      id: toHex(randomBytes(16)),
      issuedAt: Date.now(),
      signer: 'app',
      algorithm: 'sr25519',
      wrap: 'none',
    } as const;
    const body = signRequest({ ...head, ...how, content: { token: fromHex(REVOKED) } }, app);
    expect(await call(`${it.url}/v1/tokens/revoke`, { body })).toMatchObject({ status: 201 });
  });

  test.each(Object.keys(WRONG))('refuses one that is: %s', async (column) => {
    const [headers, refusal] = WRONG[column] as (typeof WRONG)[string];
    const taking = routes.filter(({ security }) => security !== undefined);
    expect(taking.length).toBeGreaterThan(10);
    const found = await Promise.all(
      taking.map(async (route) => [route.method, route.path, await answered(route, headers(operationOf(route)))]),
    );
    expect(found).toEqual(taking.map(({ method, path }) => [method, path, refusal]));
  });

  test('lets the right one through to what it names, where another app or wallet is refused', async () => {
    for (const route of routes.filter(({ security }) => security?.length === 1)) {
      const right = await answered(route, authorization(of(operationOf(route))));
      expect([route.path, right]).not.toEqual([route.path, expect.stringMatching(/^401/)]);
      if (!route.path.includes('{app}')) continue;
      // The path names an app and a wallet that are neither's: both identities are refused.
      for (const by of ['app', 'wallet'] as const) {
        const keyPair = by === 'app' ? app : wallet;
        const other = await answered(route, authorization(of(operationOf(route), { keyPair, by })));
        expect([route.path, other]).toEqual([route.path, expect.stringMatching(/^(403 forbidden|400 invalid)$/)]);
      }
    }
  });
});

test('a route that takes no token is public, or takes what is signed by itself', () => {
  const free = routes.filter(({ security }) => security === undefined).map(({ method, path }) => `${method} ${path}`);
  const isSigned = ({ description = '' }: Described) => description.includes('The body is a signed request');
  const signed = routes.filter(isSigned).map(({ method, path }) => `${method} ${path}`);
  expect(free.filter((one) => !signed.includes(one)).sort()).toEqual([
    'get /livez',
    'get /metrics',
    'get /readyz',
    'get /v1/certificates/{wallet}',
    'get /v1/clusters',
    'get /v1/positions',
    'get /v1/receipt-key',
  ]);
});
