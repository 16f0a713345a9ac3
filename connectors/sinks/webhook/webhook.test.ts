import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { makeSink } from '../../../services/pipeline/define-sink.ts';
import type { Sink } from '../../../services/pipeline/ports/sink.ts';
import { pinnedRow } from '../../../test/support/sink-row.ts';
import webhook from '../webhook.ts';
import { waitOf } from './post.ts';

interface Seen {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const KEY = Buffer.alloc(32, 9);
const NOW = Date.UTC(2026, 0, 1);

let folder: string;
let server: Server;
let base: string;
let seen: Seen[];
let answer: (response: ServerResponse, n: number) => void;
let clock: number;
const sinks: Sink[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddc-webhook-'));
  seen = [];
  clock = NOW;
  answer = (response) => response.end();
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    seen.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
    answer(response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

function open(fields: Record<string, unknown> = {}, privateTargets = ['127.0.0.1']): Sink {
  const secret = `whsec_${KEY.toString('base64')}`;
  const config = { url: `${base}/hook?token=t`, secret, folder, ...fields };
  const sink = makeSink(webhook, config, { log: 'f6'.repeat(16), name: 'shop', now: () => clock, privateTargets });
  sinks.push(sink);
  return sink;
}

const delivery = (first: number, last: number) => ({
  ...{ partition: 0, first, last },
  ...{ from: { next: first, mark: first - 1 }, to: { next: last + 1, mark: last } },
});
const rows = [0, 1, 2].map((slot) => pinnedRow({ origin: 0, slot }));
const unavailable = (words: string) => ({ code: 'sink_unavailable', message: expect.stringContaining(words) });

it('signs every message as Standard Webhooks does, and says which it is', async () => {
  await open().put(rows, delivery(0, 0));
  const [{ headers, body } = { headers: {}, body: '' }] = seen;
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', KEY).update(signed).digest('base64')}`);
  expect(headers['webhook-timestamp']).toBe(String(NOW / 1000));
  expect(headers['webhook-id']).toMatch(/^shop\/0\/0-0\/[0-9a-f]{16}$/);
  expect(headers).toMatchObject({ 'ddc-message': 'rows', 'content-type': 'application/x-ndjson' });
  const lines = body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ table, row }) => [table, row.slot])).toEqual(rows.map(({ table, slot }) => [table.name, slot]));
});

it('posts a JSON object each where one row is one message', async () => {
  await open({ rows: 1 }).put(rows, delivery(0, 0));
  expect(seen.map(({ body }) => JSON.parse(body).row.slot)).toEqual([0, 1, 2]);
  expect(new Set(seen.map(({ headers }) => headers['webhook-id'])).size).toBe(3);
});

it('posts what was not answered again under the same id, and another id where rows have become fewer', async () => {
  const sink = open();
  answer = (response, n) => response.writeHead(n === 1 ? 500 : 200).end();
  await expect(sink.put(rows, delivery(0, 0))).rejects.toMatchObject(unavailable('answers 500'));
  await expect(sink.put(rows, delivery(0, 0), async (all) => all.slice(1))).resolves.toBe(true);
  expect(await open().position(0)).toEqual({ next: 1, mark: 0 });
  answer = (response, n) => response.writeHead(n === 3 ? 500 : 200).end();
  await expect(sink.put(rows, delivery(1, 1))).rejects.toMatchObject(unavailable('answers 500'));
  await sink.put(rows, delivery(1, 1));
  const ids = seen.map(({ headers }) => headers['webhook-id']);
  expect(ids[0]).not.toBe(ids[1]);
  expect(ids[2]).toBe(ids[3]);
});

it('leaves a receiver alone as long as it asks for, and says so', async () => {
  const sink = open();
  answer = (response, n) => response.writeHead(n === 1 ? 429 : 200, { 'retry-after': '60' }).end();
  await expect(sink.put(rows, delivery(0, 0))).rejects.toMatchObject(unavailable('answers 429'));
  clock += 59_000;
  await expect(sink.put(rows, delivery(0, 0))).rejects.toMatchObject(unavailable('left alone for 1 s more'));
  expect(seen).toHaveLength(1);
  clock += 1_000;
  await sink.put(rows, delivery(0, 0));
  expect(seen).toHaveLength(2);
});

it.each([
  ['120', 120_000],
  [new Date(NOW + 5_000).toUTCString(), 5_000],
  [new Date(NOW - 5_000).toUTCString(), 0],
  ['999999999', 3_600_000],
  ['soon', 0],
  [undefined, 0],
])('reads Retry-After %s as %d ms', (header, ms) => {
  expect(waitOf(header, NOW)).toBe(ms);
});

it('follows no redirect', async () => {
  answer = (response) => response.writeHead(307, { location: `${base}/elsewhere` }).end();
  await expect(open().put(rows, delivery(0, 0))).rejects.toMatchObject(unavailable('redirects are not followed'));
  expect(seen).toHaveLength(1);
});

it('gives up on a receiver that hangs, and on one that never ends', async () => {
  answer = () => {};
  const sink = open({ timeoutMs: 200 });
  await expect(sink.put(rows, delivery(0, 0))).rejects.toMatchObject(unavailable('did not answer within 200 ms'));
  answer = (response) => {
    const write = () => response.write('x'.repeat(10_000), (error) => error || setImmediate(write));
    write();
  };
  await expect(sink.put(rows, delivery(0, 0))).resolves.toBe(true);
});

it('calls no private address, whether the URL says it or a name resolves to it, and shows no query', async () => {
  const port = new URL(base).port;
  for (const url of [`${base}/hook?token=t`, `http://localhost:${port}/hook?token=t`]) {
    const refused = open({ url }, []).put(rows, delivery(0, 0));
    await expect(refused).rejects.toMatchObject(unavailable('private or special address'));
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('token') });
  }
  expect(seen).toEqual([]);
  await open({ url: `http://localhost:${port}/hook` }, ['127.0.0.1', '::1']).put(rows, delivery(0, 0));
  expect(seen).toHaveLength(1);
});

it('tells what to delete in messages of their own, and takes the counts of the answer', async () => {
  const sink = open();
  await sink.check();
  answer = (response) => response.end('{"deleted":[2,"x",-1]}');
  const { app, wallet } = pinnedRow({ origin: 0, slot: 0 });
  const removal = (selector: { events: string[] } | { session: string }) => ({ app, wallet, issuedAt: NOW, selector });
  expect(await sink.remove([removal({ events: ['a'] }), removal({ session: 'hash' })])).toEqual([2, 0]);
  await sink.erase([{ app, wallet, before: 7, issuedAt: NOW }]);
  expect(seen.map(({ headers }) => headers['ddc-message'])).toEqual(['ping', 'remove', 'erase']);
  expect(
    seen.map(({ body }) =>
      body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ),
  ).toEqual([
    [{}],
    [
      { app, wallet, issued_at: '2026-01-01T00:00:00.000Z', events: ['a'] },
      { app, wallet, issued_at: '2026-01-01T00:00:00.000Z', session_sha256: 'hash' },
    ],
    [{ app, wallet, issued_at: '2026-01-01T00:00:00.000Z', before_origin: 7 }],
  ]);
});

it('refuses a secret that is too short to sign with', () => {
  expect(() => open({ secret: 'whsec_YWJj' })).toThrow('whsec_');
});
