import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fromUtf8, openTransit, type SignedBatch, transitKeyPair } from '../../protocol/index.ts';
import { type MemoryApi, someBatch, someEvent, startMemoryApi, wallet } from '../../test/support/api.ts';

let it: MemoryApi;
beforeAll(async () => {
  it = await startMemoryApi();
});
afterAll(() => it.api.close());

const bodyOf = ({ header, events }: SignedBatch): string => JSON.stringify({ header, event: events[0] });

async function post(body: string | Uint8Array, headers: Record<string, string> = {}, query = '') {
  const answer = await fetch(`${it.url}/v1/events${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: body as RequestInit['body'],
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown>, headers: answer.headers };
}

test('one event is accepted as a batch of one: sealed as JSON, its text as it was signed', async () => {
  const batch = someBatch({
    events: [someEvent({ scopes: { purchase: { salt: '01'.repeat(16), data: '{"sum": 1.50, "é": "\u2028"}' } } })],
  });
  const { status, body } = await post(bodyOf(batch));
  expect(status).toBe(202);
  expect(body).toEqual({
    batchId: expect.stringMatching(/^[0-9a-f]{64}$/),
    partition: 2,
    offset: 0,
    eventId: batch.events[0]?.id,
  });
  const [stored] = it.appended();
  expect(stored?.received).toMatchObject({ format: 'json', wallet: wallet.publicKey });
  const [root] = await it.vault.roots([
    { app: stored?.received.app as Uint8Array, wallet: wallet.publicKey, rootVersion: 1 },
  ]);
  const opened = openTransit(transitKeyPair(root?.userRoot as Uint8Array), stored?.received.sealed as Uint8Array);
  expect(JSON.parse(fromUtf8(opened))).toEqual({ header: batch.header, events: batch.events });
});

test('the same event again, and the same as NDJSON batch, have one batch id', async () => {
  const batch = someBatch();
  const { body: first } = await post(bodyOf(batch));
  const { body: again } = await post(bodyOf(batch));
  const asBatch = (await (
    await it.post(`${JSON.stringify(batch.header)}\n${JSON.stringify(batch.events[0])}\n`)
  ).json()) as Record<string, unknown>;
  expect([again.batchId, asBatch.batchId]).toEqual([first.batchId, first.batchId]);
});

test('gzip and a query are taken', async () => {
  expect((await post(gzipSync(bodyOf(someBatch())), { 'content-encoding': 'gzip' }, '?x=1')).status).toBe(202);
});

const two = () => {
  const batch = someBatch({ events: [someEvent(), someEvent()] });
  return bodyOf(batch);
};
test.each<[string, () => string, Record<string, string>, number, string]>([
  ['NDJSON', () => bodyOf(someBatch()), { 'content-type': 'application/x-ndjson' }, 415, 'content_type'],
  ['a batch', () => JSON.stringify(someBatch()), {}, 422, 'field'],
  ['one of two that were signed', two, {}, 422, 'count'],
  ['no JSON', () => '{"header":', {}, 400, 'json'],
  ['nothing', () => '', {}, 400, 'body'],
  ['another signature', () => bodyOf(someBatch()).replace(/"signature":"../, '"signature":"00'), {}, 422, 'signature'],
])('%s is refused as a batch would be', async (_, make, headers, status, code) => {
  const answer = await post(make(), headers);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});

test('an event that is wrong is on line 2', async () => {
  const { header, events } = someBatch();
  const answer = await post(JSON.stringify({ header, event: { ...events[0], id: 'x' } }));
  expect(answer.body).toMatchObject({ code: 'id', line: 2 });
});

test('GET is told what is taken', async () => {
  const answer = await fetch(`${it.url}/v1/events`);
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  await answer.arrayBuffer();
});

test('what counts requests names the route', async () => {
  expect(await it.metrics.text()).toMatch(/ddc_api_requests_total\{[^}]*route="events",status="202"[^}]*\} [1-9]/);
});
