import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CID } from 'multiformats/cid';
import { identity } from 'multiformats/hashes/identity';
import { openKubo } from './kubo.ts';

const cid = (text: string) => CID.createV1(0x71, identity.digest(new TextEncoder().encode(text)));
const ROOT = cid('root');

/** What Kubo writes for one imported root. */
const rootLine = (root: CID, pinError = '') =>
  `${JSON.stringify({ Root: { Cid: { '/': root.toString() }, PinErrorMsg: pinError } })}\n`;

let answer: (response: ServerResponse) => void;
/** Stands for a node in states that a healthy one cannot be brought into. */
const node = createServer((request, response) => {
  request.resume().on('end', () => answer(response));
});
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(node.address() as AddressInfo).port}`;
});
afterAll(() => {
  node.closeAllConnections();
  node.close();
});

const says = (status: number, body: string) => (response: ServerResponse) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(body);
const failed = JSON.stringify({ Message: 'lock: someone else has it', Code: 0, Type: 'error' });

test.each([
  ['a pin that failed', says(200, rootLine(ROOT, 'context deadline exceeded')), 'ipfs_unavailable', true],
  ['a pin for which there was no room', says(200, rootLine(ROOT, 'no space left on device')), 'ipfs_unavailable', true],
  ['500', says(500, failed), 'ipfs_unavailable', true],
  ['503 of a proxy', says(503, 'busy'), 'ipfs_unavailable', true],
  ['no root', says(200, ''), 'ipfs_unavailable', true],
  ['a connection that breaks', (response: ServerResponse) => void response.destroy(), 'ipfs_unavailable', true],
  ['silence', () => undefined, 'ipfs_timeout', true],
  ['a block that the CAR lacks', says(200, rootLine(ROOT, 'merkledag: not found')), 'cid_mismatch', false],
  ['another CID', says(200, rootLine(cid('other'))), 'cid_mismatch', false],
])('%s', async (_, then, code, retriable) => {
  answer = then;
  const kubo = openKubo({ name: 'test', url, timeoutMs: 500 });
  await expect(kubo.importCar(new Uint8Array([1]), ROOT)).rejects.toMatchObject({ code, retriable });
  await kubo.close();
});

test('a root that was imported and pinned', async () => {
  answer = says(200, rootLine(ROOT));
  const kubo = openKubo({ name: 'test', url, timeoutMs: 500 });
  await kubo.importCar(new Uint8Array([1]), ROOT);
  await kubo.close();
});
