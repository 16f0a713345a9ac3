import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { signRequest, toBase64url, toHex, utf8 } from '../../protocol/index.ts';
import { app, type MemoryApi, someBody, startMemoryApi, wallet } from '../../test/support/api.ts';
import { answerJson, answerProblem, countAnswer } from './answer.ts';
import { createBodyBudget } from './body-budget.ts';
import { listen } from './server.ts';

let it: MemoryApi;
beforeAll(async () => {
  it = await startMemoryApi();
});
afterAll(() => it.api.close());

const path = '/v1/crypto/encrypt';
function token(): string {
  const head = {
    kind: 'token' as const,
    network: 'cere-sandbox',
    app: toHex(app.publicKey),
    id: toHex(randomBytes(16)),
  };
  const how = { signer: 'wallet', algorithm: 'sr25519', wrap: 'none', issuedAt: Date.now() } as const;
  const key = wallet.publicKey;
  const expiresAt = Date.now() + 60_000;
  const content = { audience: 'cere-sandbox', operations: ['crypto.encrypt'], wallet: key, key, expiresAt };
  return toBase64url(utf8(JSON.stringify(signRequest({ ...head, ...how, wallet: toHex(key), content }, wallet))));
}
const json = { 'content-type': 'application/json' };
const authorized = () => ({ ...json, authorization: `Bearer ${token()}` });
const ask = async (body: Uint8Array | string, headers: Record<string, string>) => {
  const answer = await fetch(`${it.url}${path}`, { method: 'POST', headers, body: body as RequestInit['body'] });
  return [answer.status, ((await answer.json()) as { code: string }).code];
};
const held = async () => Number(/ddc_api_body_bytes\{[^}]*\} (\d+)/.exec(await it.metrics.text())?.[1]);

/** A request of which only the headers are sent. */
function announce(headers: Record<string, string>): ClientRequest {
  const made = request(`${it.url}${path}`, { method: 'POST', headers: { 'content-length': '2000000', ...headers } });
  made.on('error', () => undefined);
  made.flushHeaders();
  return made;
}

test.each([
  ['without a token are refused at once', json, 'response'],
  ['with a token are waited for', null, 'continue'],
])('bodies that are announced and never sent hold nothing: those %s, and batches go on', async (_, headers, event) => {
  const sent = { expect: '100-continue', ...(headers ?? authorized()) };
  const waiting = Array.from({ length: 60 }, () => announce(sent));
  try {
    const answers = await Promise.all(waiting.map((one) => once(one, event)));
    if (event === 'response') expect(answers.map(([one]) => one.statusCode)).toEqual(new Array(60).fill(401));
    expect(await held()).toBe(0);
    expect((await it.post(someBody())).status).toBe(202);
  } finally {
    for (const one of waiting) one.destroy();
  }
});

const gzip = { 'content-encoding': 'gzip' };
test.each<[string, Uint8Array | string, Record<string, string>, number, string]>([
  ['no token', '{', { authorization: '' }, 401, 'unauthorized'],
  ['another type', '{}', { 'content-type': 'text/plain' }, 415, 'content_type'],
  ['another charset', '{}', { 'content-type': 'application/json; charset=utf-16' }, 415, 'content_type'],
  ['an unknown encoding', '{}', { 'content-encoding': 'zstd' }, 415, 'encoding_unsupported'],
  ['too much', 'x'.repeat(2_000_001), {}, 413, 'payload_too_large'],
  ['a bomb', gzipSync(Buffer.alloc(50_000_000)), gzip, 413, 'payload_too_large'],
  ['half a gzip', gzipSync('{"a":"bcdefghijklmnopq"}').subarray(0, 20), gzip, 400, 'content_encoding'],
  ['half a JSON', '{', {}, 400, 'malformed_json'],
  ['a number', '1', {}, 400, 'malformed_json'],
  ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), {}, 400, 'malformed_json'],
  ['nothing', '', {}, 400, 'invalid'],
  ['another shape', gzipSync('{}'), gzip, 400, 'invalid'],
])('a body is refused by its own code, and nothing is held: %s', async (_, body, headers, status, code) => {
  expect(await ask(body, { ...authorized(), ...headers })).toEqual([status, code]);
  expect(await held()).toBe(0);
});

test('answers that nobody reads count until their connection, on which nothing moves, is cut', async () => {
  const large = 'x'.repeat(32 * 1024 * 1024);
  const budget = createBodyBudget(large.length + 1_000);
  const closed: Promise<unknown>[] = [];
  const server = await listen({
    port: 0,
    entrance: () => false,
    stillTimeoutMs: 300,
    batches: async () => undefined,
    others: (_request, response: ServerResponse) => {
      countAnswer(response, budget);
      closed.push(once(response, 'close'));
      try {
        answerJson(response, 200, large);
      } catch (error) {
        answerProblem(response, error);
      }
    },
  });
  try {
    const deaf = connect(server.port, '127.0.0.1').pause();
    deaf.on('error', () => undefined);
    deaf.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    while (budget.used === 0) await new Promise(setImmediate);
    expect(budget.used).toBeGreaterThanOrEqual(large.length);
    const answer = await fetch(`http://127.0.0.1:${server.port}/`);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, 'overloaded']);
    await Promise.all(closed);
    expect(budget.used).toBe(0);
    deaf.destroy();
    const read = await fetch(`http://127.0.0.1:${server.port}/`);
    expect(await read.json()).toHaveLength(large.length);
    await Promise.all(closed);
    expect(budget.used).toBe(0);
  } finally {
    await server.close();
  }
});
