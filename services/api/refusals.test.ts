import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeNdjson } from '../../protocol/index.ts';
import { type MemoryApi, someBatch, someBody, startMemoryApi } from '../../test/support/api.ts';

let it: MemoryApi;
/** A promise that is resolved from outside. */
function turn() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

beforeAll(async () => {
  it = await startMemoryApi({}, { requestTimeoutMs: 1_500, headersTimeoutMs: 1_000 });
});
afterAll(() => it.api.close());

const DAY = 24 * 60 * 60 * 1000;
const text = (body: Uint8Array) => Buffer.from(body).toString();
/** A valid body with one piece of text replaced. */
const edited = (from: string | RegExp, to: string) => Buffer.from(text(someBody()).replace(from, to));
const header = (over: Record<string, unknown>) => {
  const batch = someBatch();
  return encodeNdjson({ ...batch, header: { ...batch.header, ...over } as never });
};
const inLastLine = (bytes: number[]) => {
  const body = Buffer.from(someBody());
  const at = body.indexOf('/checkout');
  return Buffer.concat([body.subarray(0, at), Buffer.from(bytes), body.subarray(at)]);
};
describe('a batch is refused, with its own code and line, and leaves nothing in the log', () => {
  const cases: [string, () => Uint8Array, number, string, number | undefined, Record<string, string>?][] = [
    ['a signature over something else', () => header({ seq: 7 }), 422, 'signature', 1],
    ['another wrap than was signed', () => header({ wrap: 'bytes' }), 422, 'signature', 1],
    ['another algorithm than was signed', () => header({ algorithm: 'ed25519' }), 422, 'signature', 1],
    ['signed 8 days ago', () => someBody({ issuedAt: Date.now() - 8 * DAY }), 422, 'stale', 1],
    ['signed 10 minutes ahead', () => someBody({ issuedAt: Date.now() + 600_000 }), 422, 'stale', 1],
    ['another network', () => someBody({ network: 'elsewhere' }), 422, 'network', 1],
    ['a changed event', () => edited('/checkout', '/check-in'), 422, 'signature', 1],
    ['a wrong count', () => header({ count: 2 }), 422, 'count', 1],
    ['an unknown field', () => edited('"type":', '"color":"red","type":'), 422, 'field', 2],
    ['an unknown field in the header', () => edited('"seq":', '"color":"red","seq":'), 422, 'field', 1],
    ['a member __proto__', () => edited('"type":', '"__proto__":{"a":1},"type":'), 400, 'proto', 2],
    [
      'nested too deep',
      () => edited('"type":', `"color":${'['.repeat(5_000)}${']'.repeat(5_000)},"type":`),
      400,
      'depth',
      2,
    ],
    ['bytes that are not UTF-8', () => inLastLine([0xff, 0xfe]), 400, 'utf8', 2],
    ['a line that is not JSON', () => edited(/\}\n$/, '\n'), 400, 'json', 2],
    ['a blank line', () => edited('\n', '\n\n'), 400, 'blank_line', 2],
    ['CR LF', () => edited('\n', '\r\n'), 400, 'line_end', 1],
    ['nothing', () => new Uint8Array(), 400, 'blank_line', 1],
    ['more than 2,000,000 bytes', () => Buffer.alloc(2_000_001, 0x20), 413, 'body_too_large', undefined],
    [
      'an encrypted batch that fits no segment',
      () => edited('/checkout', 'x'.repeat(1_100_000)),
      413,
      'batch_too_large',
      undefined,
    ],
    [
      'a gzip bomb',
      () => gzipSync(Buffer.alloc(200_000_000)),
      413,
      'body_too_large',
      undefined,
      { 'content-encoding': 'gzip' },
    ],
    [
      'gzip that breaks off',
      () => gzipSync(someBody()).subarray(0, 60),
      400,
      'content_encoding',
      undefined,
      { 'content-encoding': 'gzip' },
    ],
    ['an unknown encoding', () => someBody(), 415, 'encoding_unsupported', undefined, { 'content-encoding': 'zstd' }],
    ['an unknown type', () => someBody(), 415, 'content_type', undefined, { 'content-type': 'text/plain' }],
    [
      'another charset',
      () => someBody(),
      415,
      'content_type',
      undefined,
      { 'content-type': 'application/json; charset=utf-16' },
    ],
  ];

  test.each(cases)('%s', async (_name, make, status, code, line, headers = {}) => {
    const answer = await it.post(make(), headers);
    const problem = (await answer.json()) as { code: string; status: number; line?: number };
    expect([answer.status, problem.code, problem.line]).toEqual([status, code, line]);
    expect(problem.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(it.appended()).toHaveLength(0);
  });
});

describe('requests that are no batches', () => {
  const ask = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${it.url}${path}`, init);
    return {
      status: answer.status,
      allow: answer.headers.get('allow'),
      ...((await answer.json()) as { code: string }),
    };
  };
  const post = (body: string, type = 'application/json') => ({
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  const id = 'ab'.repeat(32);

  test('unknown addresses, wrong methods and long URLs are told so', async () => {
    expect(await ask('/v2/nothing')).toMatchObject({ status: 404, code: 'not_found' });
    expect(await ask('/v1/batches')).toMatchObject({ status: 405, code: 'method_not_allowed', allow: 'POST' });
    expect(await ask('/v1/batches/status', { method: 'PUT' })).toMatchObject({ status: 405, allow: 'POST' });
    expect(await ask(`/v1/batches/${id}`, { method: 'DELETE' })).toMatchObject({ status: 405, allow: 'GET, HEAD' });
    expect(await ask(`/${'x'.repeat(3_000)}`)).toMatchObject({ status: 414, code: 'uri_too_long' });
    expect(await ask('/v1/batches/%ff')).toMatchObject({ status: 400 });
  });

  test('statuses are asked for in JSON, by up to 1,000 ids', async () => {
    expect(await ask('/v1/batches/status', post('{'))).toMatchObject({ status: 400, code: 'malformed_json' });
    expect(await ask('/v1/batches/status', post('{}'))).toMatchObject({ status: 400, code: 'invalid' });
    expect(await ask('/v1/batches/status', post('{"ids":["x"]}'))).toMatchObject({ status: 400, code: 'invalid' });
    expect(await ask('/v1/batches/status', post('{}', 'text/plain'))).toMatchObject({
      status: 415,
      code: 'content_type',
    });
    const many = JSON.stringify({ ids: Array.from({ length: 1_001 }, () => id) });
    expect(await ask('/v1/batches/status', post(many))).toMatchObject({ status: 400, code: 'invalid' });
    const huge = JSON.stringify({ ids: Array.from({ length: 3_000 }, () => id) });
    expect(await ask('/v1/batches/status', post(huge))).toMatchObject({ status: 413, code: 'payload_too_large' });
    expect(await ask('/v1/batches/xyz')).toMatchObject({ status: 400, code: 'invalid' });
    expect(await ask(`/v1/batches/${id}`)).toMatchObject({ status: 404, code: 'unknown_batch' });
    const answer = await fetch(`${it.url}/v1/batches/status`, post(JSON.stringify({ ids: [id] })));
    expect(await answer.json()).toMatchObject({ batches: [{ batchId: id, outcome: 'unknown', position: null }] });
  });

  test('health, metrics, positions and the description are there', async () => {
    for (const path of [
      '/livez',
      '/readyz',
      '/metrics',
      '/v1/positions',
      '/openapi.json',
      '/docs',
      '/docs/swagger-ui.css',
    ]) {
      expect([path, (await fetch(`${it.url}${path}`)).status]).toEqual([path, 200]);
    }
    const document = (await (await fetch(`${it.url}/openapi.json`)).json()) as { openapi: string; paths: object };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/v1/batches');
  });
});

describe('connections', () => {
  const raw = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(it.api.port, '127.0.0.1', () => socket.write(bytes));
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });

  test('what is not HTTP is answered 400', async () => {
    expect(await raw('NOT HTTP AT ALL\r\n\r\n')).toMatch(/^HTTP\/1.1 400[\s\S]*"code":"bad_request"/);
  });

  test('headers that never end are answered 431', async () => {
    expect(await raw(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431/);
  });

  test('a body that does not come is answered 408, and the connection closed', async () => {
    const head =
      'POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ncontent-length: 100\r\n\r\n{';
    expect(await raw(head)).toMatch(/^HTTP\/1.1 408[\s\S]*"code":"request_timeout"/);
    expect(it.appended()).toHaveLength(0);
  });

  test('a stop answers what is in hand, and is over within ten seconds', async () => {
    const [asked, answered] = [turn(), turn()];
    const send = async () => {
      asked.resolve();
      await answered.promise;
      return 7;
    };
    const api = await startMemoryApi({ writer: { send, close: async () => undefined } });
    const inHand = api.post(someBody());
    await asked.promise;
    setImmediate(answered.resolve);
    const since = performance.now();
    const [answer] = await Promise.all([inHand, api.api.close()]);
    expect(answer.status).toBe(202);
    expect(performance.now() - since).toBeLessThan(10_000);
  });
});
