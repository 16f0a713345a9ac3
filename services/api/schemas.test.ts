import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ready, toHex } from '../../protocol/index.ts';
import { app, startMemoryApi } from '../../test/support/api.ts';
import { bearer, call } from '../../test/support/call-api.ts';

const APP = toHex(app.publicKey);
let api: Awaited<ReturnType<typeof startMemoryApi>>;
beforeAll(async () => {
  await ready();
  api = await startMemoryApi();
});
afterAll(() => api.api.close());

const headers = (...operations: string[]) =>
  bearer({ keyPair: app, app: app.publicKey, by: 'app', wallet: '*', operations, now: Date.now() });
const record = (...fields: unknown[]) => JSON.stringify({ type: 'record', name: 'Sale', fields });
const AMOUNT = { name: 'amount', type: 'long' };
const SHOP = { name: 'shop', type: ['null', 'string'], default: null };
const at = (what = '') => `${api.url}/v1/apps/${APP}/schemas${what}`;
const add = (type: string, schema: string) => call(at(), { body: { type, schema }, headers: headers('schemas.write') });
const read = (what = '') => call(at(what), { headers: headers('schemas.read') });

test('an app registers versions of a schema, and reads them', async () => {
  expect(await read('/Sale')).toMatchObject({ status: 200, body: { type: 'Sale', versions: [] } });
  expect(await add('Sale', record(AMOUNT))).toMatchObject({ status: 201, body: { type: 'Sale', version: 1 } });
  expect(await add('Sale', record(AMOUNT, SHOP))).toMatchObject({ status: 201, body: { type: 'Sale', version: 2 } });
  expect(await add('Sale', record(AMOUNT))).toMatchObject({ status: 201, body: { type: 'Sale', version: 1 } });
  expect(await read()).toMatchObject({ status: 200, body: { types: ['Sale'] } });
  const versions = [record(AMOUNT), record(AMOUNT, SHOP)].map((schema, i) => ({ version: i + 1, schema }));
  expect(await read('/Sale')).toMatchObject({ status: 200, body: { type: 'Sale', versions } });
});

test('what cannot be a table is refused, with everything that is wrong', async () => {
  const bad = await add('Refund', record({ name: 'wallet', type: 'long' }, { name: 'a', type: ['int', 'string'] }));
  expect(bad).toMatchObject({
    status: 422,
    body: { code: 'schema_refused', detail: expect.stringMatching(/wallet: .*; a: /) },
  });
  await add('Refund', record(AMOUNT));
  for (const [type, schema] of [
    ['Refund', record({ ...AMOUNT, type: 'string' })],
    ['Refund', record(SHOP)],
    ['REFUND', record(AMOUNT)],
  ] as const)
    expect(await add(type, schema)).toMatchObject({ status: 422, body: { code: 'schema_refused' } });
  for (const type of ['events', '_rejected', 'a/b', ''])
    expect(await add(type, record(AMOUNT))).toMatchObject({ status: 400, body: { code: 'invalid' } });
});
