import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { giveTime, limitTime } from './request-time.ts';

/** Sends a head and then a byte every 50 ms, `bytes` in all. @returns what came back until the connection ended */
async function slowUpload(path: string, bytes: number): Promise<string> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    limitTime(request, response, 200);
    if (request.url === '/upload') giveTime(request, 5_000);
    request.on('error', () => undefined).resume();
    request.on('end', () => response.setHeader('connection', 'close').end('there'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let text = '';
  socket
    .on('error', () => undefined)
    .on('data', (chunk) => {
      text += chunk;
    });
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`);
  let sent = 0;
  const dribble = setInterval(() => {
    if (sent++ < bytes && socket.writable) socket.write('x');
  }, 50);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(dribble);
  await new Promise((resolve) => server.close(resolve));
  return text;
}

test('a request that takes too long is answered 408 and cut', async () => {
  expect(await slowUpload('/data', 1_000)).toMatch(/^HTTP\/1.1 408[\s\S]*"code":"request_timeout"/);
});

test('one that is there in time is served, and an upload may take longer', async () => {
  expect(await slowUpload('/data', 1)).toMatch(/200 OK[\s\S]*there/);
  expect(await slowUpload('/upload', 8)).toMatch(/200 OK[\s\S]*there/);
});
