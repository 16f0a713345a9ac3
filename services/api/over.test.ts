import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type MemoryApi, someBody, startMemoryApi } from '../../test/support/api.ts';
import { eventually } from '../../test/support/room-process.ts';
import { drained, isGone, onOver } from './over.ts';

const AHEAD = 200;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

let it: MemoryApi;
beforeAll(async () => {
  it = await startMemoryApi({
    limits: { address: { perSecond: 10_000, burst: 10_000, concurrent: 4 } },
    trustedProxies: ['10.0.0.1'],
  });
});
afterAll(() => it.api.close());

test('responses that never got their connection are over when it ends; by their own events they never are', async () => {
  const responses: ServerResponse[] = [];
  const server = createServer((_request, response) => void responses.push(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  client.write(get('/').repeat(3));
  await eventually('three requests', async () => (responses.length === 3 ? true : null));
  const closed: number[] = [];
  const over: number[] = [];
  for (const [i, response] of responses.entries()) {
    response.once('close', () => closed.push(i));
    onOver(response, () => over.push(i));
    onOver(response, () => over.push(-1))();
  }
  const waits = responses.map((response) => drained(response));
  client.destroy();
  await Promise.all(waits);
  expect([over, closed, responses.map(isGone)]).toEqual([[0, 1, 2], [0], [true, true, true]]);
  // Who comes only now hears of it too.
  await new Promise<void>((resolve) => void onOver(responses[2] as ServerResponse, resolve));
  server.close();
});

test('requests that are sent ahead hold neither memory nor places: their connection ends', async () => {
  const client = connect(it.api.port, '127.0.0.1').on('error', () => undefined);
  let read = '';
  client.setEncoding('utf8').on('data', (text: string) => {
    read += text;
  });
  client.write(get('/openapi.json').repeat(AHEAD));
  await once(client, 'close');
  expect(read.split('HTTP/1.1 200').length - 1).toBeLessThan(2);
  const held = async () => Number(/ddc_api_body_bytes\{[^}]*\} (\d+)/.exec(await it.metrics.text())?.[1]);
  await eventually('nothing is held', async () => ((await held()) === 0 ? true : null));
  const answers = await Promise.all(Array.from({ length: 4 }, () => fetch(`${it.url}/v1/positions`)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect((await it.post(someBody())).status).toBe(202);
});

test('one connection serves request after request', async () => {
  const client = connect(it.api.port, '127.0.0.1').setEncoding('utf8');
  for (let i = 0; i < 30; i++) {
    client.write(get('/livez'));
    const [text] = (await once(client, 'data')) as [string];
    expect(text).toContain('HTTP/1.1 200 OK');
  }
  client.destroy();
});
