import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MAX_BLOB } from '../../protocol/index.ts';
import { type Party, type ReadingWorld, readingWorld } from '../../test/support/reading-world.ts';
import { Blobs, type BlobsOptions } from './blobs.ts';

const CID = 'bafy2bzacedb4odlrwnrg6erzxxzxjvmzqpwiflbzlsk5tvzfqbx6tqvwlpzxq';
let world: ReadingWorld;
let owner: Party;
let friend: Party;
const blobsOf = ({ account }: Party, over: Partial<BlobsOptions> = {}) =>
  new Blobs({
    ...{ endpoint: world.it.url, network: 'cere-sandbox', app: world.app, account, now: world.now, firstPauseMs: 1 },
    ...over,
  });
const some = (length: number) => new Uint8Array(randomBytes(length));
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

beforeAll(async () => {
  world = await readingWorld();
  [owner, friend] = [world.party('owner'), world.party('friend')];
});
afterAll(() => world.close());

describe('over the API', () => {
  test('bytes, a Blob and a stream go up, and come down whole or in part', async () => {
    const bytes = some(1_100_000);
    const blobs = blobsOf(owner);
    const streamed = ReadableStream.from([bytes.subarray(0, 9), bytes.subarray(9)]) as ReadableStream<Uint8Array>;
    for (const content of [bytes, new Blob([bytes]), streamed]) {
      const { cid, size, chunks } = await blobs.upload(content);
      expect([size, chunks]).toEqual([bytes.length, 2]);
      const whole = await blobs.download(cid);
      expect([whole.size, whole.from, whole.to]).toEqual([bytes.length, 0, bytes.length]);
      expect(same(await whole.bytes(), bytes)).toBe(true);
      const part = await blobs.download(cid, { from: 1_048_570, to: 1_048_580 });
      expect(same(await part.bytes(), bytes.subarray(1_048_570, 1_048_580))).toBe(true);
      const end = await blobs.download(cid, { from: 1_099_999 });
      expect([end.from, end.to, (await end.bytes()).length]).toEqual([1_099_999, 1_100_000, 1]);
    }
  });

  test('of another wallet under a grant, and refused without', async () => {
    const { cid } = await blobsOf(owner).upload(some(3), { scope: 'purchase' });
    const wallet = owner.account.publicKey;
    const theirs = blobsOf(friend);
    await expect(theirs.download(cid, { wallet })).rejects.toMatchObject({ status: 404, code: 'unknown_blob' });
    await world.certify(friend);
    await world.grant(owner, friend);
    world.cachesEnd();
    expect((await (await theirs.download(cid, { wallet })).bytes()).length).toBe(3);
    await expect(theirs.download(cid, { wallet, from: 3 })).rejects.toMatchObject({ code: 'range_not_satisfiable' });
  });

  test('an answer that got lost: sent again with the same id, it is stored once', async () => {
    let lost = 0;
    const losing: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init);
      if (init?.method !== 'POST' || lost === 2) return answer;
      lost += 1;
      await answer.arrayBuffer();
      throw new TypeError('the connection broke');
    };
    const before = await world.it.blobs.doomed(1_000);
    const { cid } = await blobsOf(owner, { fetch: losing }).upload(some(10));
    expect(lost).toBe(2);
    expect(await world.it.blobs.doomed(1_000)).toEqual(before);
    expect((await (await blobsOf(owner).download(cid)).bytes()).length).toBe(10);
    await expect(
      blobsOf(owner, { fetch: () => Promise.reject(new TypeError('away')) }).upload(
        ReadableStream.from([some(1)]) as ReadableStream<Uint8Array>,
      ),
    ).rejects.toMatchObject({ name: 'TryAgain' });
  });

  test('an empty one', async () => {
    const { cid, size } = await blobsOf(owner).upload(some(0));
    expect([size, (await (await blobsOf(owner).download(cid)).bytes()).length]).toEqual([0, 0]);
  });

  test('who reads no further ends the answer', async () => {
    const blobs = blobsOf(owner);
    const { cid } = await blobs.upload(some(3_000_000));
    const { stream } = await blobs.download(cid);
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    expect((await blobs.download(cid, { to: 1 })).size).toBe(3_000_000);
  });

  test('what is too large is not sent', async () => {
    await expect(blobsOf(owner).upload(new Uint8Array(MAX_BLOB + 1))).rejects.toThrow(RangeError);
  });
});

describe('a service that answers wrongly', () => {
  async function against<T>(
    answer: { status?: number; headers?: Record<string, string>; body?: string; cut?: boolean },
    run: (blobs: Blobs) => Promise<T>,
  ): Promise<T> {
    const server = createServer((_request, response) => {
      response.writeHead(answer.status ?? 200, { etag: `"${CID}"`, ...answer.headers });
      response.write(answer.body ?? '');
      if (answer.cut) setImmediate(() => response.destroy());
      else response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      return await run(blobsOf(owner, { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test.each([
    ['a connection that breaks', { headers: { 'content-length': '10' }, body: '12345', cut: true }, {}],
    [
      'fewer bytes than the range says',
      { status: 206, headers: { 'content-range': 'bytes 2-9/20' }, body: '123' },
      { from: 2, to: 10 },
    ],
    [
      'more bytes than the range says',
      { status: 206, headers: { 'content-range': 'bytes 2-3/20' }, body: '12345' },
      { from: 2, to: 4 },
    ],
  ])('%s: what came is not taken for whole', async (_, answer, range) => {
    await against(answer, async (blobs) => {
      const { stream } = await blobs.download(CID, range);
      await expect(stream.pipeTo(new WritableStream())).rejects.toMatchObject({ name: 'BlobBroken', cid: CID });
    });
  });

  test.each([
    ['another blob', { headers: { etag: '"other"', 'content-length': '1' }, body: '1' }, {}],
    ['the whole instead of a range', { headers: { 'content-length': '9' }, body: '123456789' }, { from: 2 }],
    [
      'another range',
      { status: 206, headers: { 'content-range': 'bytes 3-3/20', 'content-length': '1' }, body: '1' },
      { from: 2, to: 3 },
    ],
  ])('%s is refused', async (_, answer, range) => {
    await against(answer, async (blobs) => {
      await expect(blobs.download(CID, range)).rejects.toMatchObject({ name: 'BlobBroken' });
    });
  });
});
