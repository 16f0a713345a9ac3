import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeSs58, toHex } from '../../protocol/index.ts';
import { app, type MemoryApi, startMemoryApi, wallet } from '../../test/support/api.ts';
import { bearer, call } from '../../test/support/call-api.ts';

let it: MemoryApi;
beforeAll(async () => {
  it = await startMemoryApi();
});
afterAll(() => it.api.close());

const of = (key: Uint8Array, prefix: number) => encodeSs58({ prefix, key });
const grants = (wallet: string, app: string) => `${it.url}/v1/wallets/${wallet}/apps/${app}/grants`;
const token = () => bearer({ keyPair: wallet, app: app.publicKey, by: 'wallet', operations: ['grants.read'] });

describe('addresses in paths', () => {
  test.each([0, 2, 42, 54, 255, 16_383])('are hex or SS58: prefix %i', async (prefix) => {
    const names = [toHex(wallet.publicKey), of(wallet.publicKey, prefix)];
    const apps = [toHex(app.publicKey), of(app.publicKey, prefix)];
    for (const one of names)
      for (const other of apps)
        expect(await call(grants(one, other), { headers: token() })).toMatchObject({ status: 200 });
    // Another wallet's address is not taken for this one's.
    expect(await call(grants(of(app.publicKey, prefix), apps[1] as string), { headers: token() })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
  });

  test('that are wrong are told what an address is', async () => {
    const right = of(wallet.publicKey, 42);
    const typo = right.replace(/.$/, (last) => (last === '1' ? '2' : '1'));
    for (const wrong of ['x', typo, toHex(wallet.publicKey).toUpperCase(), `0x${toHex(wallet.publicKey)}`]) {
      const answer = await call<{ detail: string }>(grants(wrong, toHex(app.publicKey)), { headers: token() });
      expect([wrong, answer.status, answer.body.code]).toEqual([wrong, 400, 'invalid']);
      expect(answer.body.detail).toMatch(/^wallet: must be the public key .*hex.*SS58/);
    }
  });
});

test('the document says who may call: a token, none, or either', async () => {
  const { body } = await call<{
    paths: Record<string, Record<string, Described>>;
    components: { responses: Record<string, Answer> };
  }>(`${it.url}/openapi.json`);
  const of = (answer?: Answer) =>
    answer?.$ref ? body.components.responses[answer.$ref.split('/').at(-1) as string] : answer;
  const said = (path: string, method: string) => {
    const described = body.paths[path]?.[method];
    if (!described) throw new Error(`${method} ${path} is not described`);
    const { security, responses } = described;
    return { security, refusals: [401, 403].flatMap((status) => of(responses[status])?.description ?? []) };
  };
  expect(said('/v1/wallets/{wallet}/apps/{app}/grants', 'get')).toEqual({
    security: [{ token: [] }],
    refusals: [expect.stringContaining('unauthorized'), expect.stringContaining('forbidden')],
  });
  expect(said('/v1/batches', 'post')).toMatchObject({
    security: [{}, { token: [] }],
    refusals: [expect.stringContaining('unauthorized'), expect.stringMatching(/forbidden.*unknown_app/)],
  });
  expect(said('/v1/certificates/{wallet}', 'get')).toEqual({ security: undefined, refusals: [] });
});
interface Described {
  readonly security?: unknown;
  readonly responses: Record<number, Answer>;
}
interface Answer {
  readonly description?: string;
  readonly $ref?: string;
}
