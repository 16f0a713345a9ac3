import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CID } from 'multiformats/cid';
import { createMemoryIpfs, type MemoryIpfs } from '../../connectors/ipfs/memory-ipfs.ts';
import { verifyBlock } from '../../connectors/ipfs/verify-block.ts';
import { createMemoryRemovedEvents } from '../../connectors/vault/memory-removed-events.ts';
import {
  BLOB_CHUNK,
  blobKey,
  decodeBlobTop,
  type Event,
  encodeNdjson,
  MAX_BLOB,
  openBlobChunk,
  scopeKey,
  toHex,
} from '../../protocol/index.ts';
import { someBatch, someEvent } from '../../test/support/api.ts';
import { bearer } from '../../test/support/call-api.ts';
import { HOUR, type Party, type ReadingWorld, readingWorld } from '../../test/support/reading-world.ts';
import { eventually } from '../../test/support/room-process.ts';
import { RetriableError } from '../pipeline/errors.ts';
import type { EventDetail } from '../pipeline/events.ts';
import { type Selector, sessionMark } from '../pipeline/rules/removal.ts';
import type { SegmentSource } from '../pipeline/segment-reader.ts';
import type { BlobCluster } from './blobs/clusters.ts';
import { sweepBlobs } from './blobs/sweep.ts';

interface Uploaded {
  readonly cid: string;
  readonly size: number;
  readonly chunks: number;
  readonly scope: string;
  readonly epoch: number;
  readonly code?: string;
}

let world: ReadingWorld;
let owner: Party;
let friend: Party;
let node: MemoryIpfs;
/** What the node gives instead of a block, by CID. */
let changed: Map<string, Uint8Array>;
let putting: (blocks: number) => Promise<void> | void;
let puts = 0;
let alarms: EventDetail[] = [];
/** The clock that how long something takes is measured by goes on. */
let passed = 0;

/** Checks what it reads, as every end of the port does. */
const cluster: BlobCluster & SegmentSource = {
  unchecked: async (cid) => changed.get(String(cid)) ?? node.unchecked(cid),
  async block(cid) {
    const bytes = changed.get(String(cid)) ?? (await node.block(cid));
    verifyBlock(cid, bytes);
    return bytes;
  },
  async put(cid, bytes) {
    puts += 1;
    await putting(puts);
    await node.put(cid, bytes);
  },
  pin: (root) => node.pin(root),
  unpin: (root) => node.unpin(root),
};
const clusters = new Map([['cere-mainnet', cluster]]);

beforeAll(async () => {
  node = createMemoryIpfs();
  world = await readingWorld({
    clusters,
    elapsed: () => performance.now() + passed,
    signals: { emit: (name, detail) => void (name === 'unreadable' && alarms.push(detail)) },
  });
});
afterAll(() => world.close());
beforeEach(async () => {
  [owner, friend] = [world.party('owner'), world.party('friend')];
  [changed, putting, puts, alarms] = [new Map(), () => undefined, 0, []];
  await world.certify(friend);
});

const uploadId = () => randomBytes(16).toString('hex');
const urlOf = (of: Party, rest = '') =>
  `${world.it.url}/v1/wallets/${toHex(of.account.publicKey)}/apps/${toHex(world.app)}/blobs${rest}`;
const owned = (of = owner) => ({ app: world.app, wallet: of.account.publicKey });

async function upload(
  body: RequestInit['body'],
  {
    by = owner,
    upload = uploadId(),
    scope,
    headers = {},
  }: { by?: Party; upload?: string; scope?: string; headers?: Record<string, string> } = {},
) {
  const query = `?upload=${upload}${scope === undefined ? '' : `&scope=${scope}`}`;
  const answer = await fetch(urlOf(by, query), {
    method: 'POST',
    headers: { ...world.token(by, 'blobs.write'), ...headers },
    body,
    duplex: 'half',
  } as RequestInit);
  return { status: answer.status, body: (await answer.json()) as Uploaded };
}
const download = (cid: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(urlOf(owner, `/${cid}`), { method, headers: { ...world.token(owner, 'blobs.read'), ...headers } });
const bytesOf = async (answer: Response) => new Uint8Array(await answer.arrayBuffer());
const codeOf = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code];
const pinned = async () => {
  const all: string[] = [];
  for await (const cid of node.pins()) all.push(String(cid));
  return all;
};
const some = (length: number) => new Uint8Array(randomBytes(length));
const sweep = (now = world.now()) =>
  sweepBlobs({
    blobs: world.it.blobs,
    removedEvents: createMemoryRemovedEvents(world.it.vault.tables),
    clusters,
    now: () => now,
    onUnpinned: () => undefined,
  })(new AbortController().signal);
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

describe('up and down', () => {
  test.each([0, 1, BLOB_CHUNK - 1, BLOB_CHUNK, BLOB_CHUNK + 1, 3 * BLOB_CHUNK])('%i bytes', async (size) => {
    const bytes = some(size);
    const { status, body } = await upload(bytes);
    expect([status, body]).toEqual([
      201,
      {
        cid: expect.stringMatching(/^bafy2bz/),
        size,
        chunks: Math.max(1, Math.ceil(size / BLOB_CHUNK)),
        scope: '__default_scope',
        epoch: 0,
      },
    ]);
    expect(await pinned()).toContain(body.cid);
    const answer = await download(body.cid);
    expect([answer.status, answer.headers.get('content-length'), answer.headers.get('etag')]).toEqual([
      200,
      String(size),
      `"${body.cid}"`,
    ]);
    expect(same(await bytesOf(answer), bytes)).toBe(true);
  });

  test('what is stored is the format, under the key of its scope, with an id of its own each time', async () => {
    const bytes = some(BLOB_CHUNK + 5);
    const [one, two] = [await upload(bytes, { scope: 'photos' }), await upload(bytes, { scope: 'photos' })];
    expect(one.body.cid).not.toBe(two.body.cid);
    const top = decodeBlobTop(await node.block(CID.parse(one.body.cid)), one.body.cid);
    expect(top).toMatchObject({ scope: 'photos', epoch: 0, size: bytes.length });
    const [root] = await world.it.vault.roots([{ ...owned(), rootVersion: 1 }]);
    const key = blobKey(scopeKey(root?.userRoot as Uint8Array, world.app, 'photos', 0), top.id);
    const opened = await Promise.all(
      top.chunks.map(async (cid, index) =>
        openBlobChunk({ key, index, last: index === 1 }, await node.block(CID.parse(cid))),
      ),
    );
    expect(same(Buffer.concat(opened), bytes)).toBe(true);
  });

  test('a body of unknown length, in pieces', async () => {
    const parts = [some(700_000), some(1), some(900_000)];
    const { body } = await upload(ReadableStream.from(parts) as unknown as RequestInit['body']);
    expect(body.size).toBe(1_600_001);
    expect(same(await bytesOf(await download(body.cid)), Buffer.concat(parts))).toBe(true);
  });

  test.each([
    ['bytes=0-0', 0, 1],
    ['bytes=5-', 5, BLOB_CHUNK * 2 + 9],
    [`bytes=${BLOB_CHUNK - 1}-${BLOB_CHUNK}`, BLOB_CHUNK - 1, BLOB_CHUNK + 1],
    [`bytes=${BLOB_CHUNK}-${2 * BLOB_CHUNK - 1}`, BLOB_CHUNK, 2 * BLOB_CHUNK],
    ['bytes=-7', BLOB_CHUNK * 2 + 2, BLOB_CHUNK * 2 + 9],
    [`bytes=10-${10 * BLOB_CHUNK}`, 10, BLOB_CHUNK * 2 + 9],
  ])('range %s', async (range, from, to) => {
    const bytes = some(BLOB_CHUNK * 2 + 9);
    const { cid } = (await upload(bytes)).body;
    const answer = await download(cid, { range });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([
      206,
      `bytes ${from}-${to - 1}/${bytes.length}`,
    ]);
    expect(same(await bytesOf(answer), bytes.subarray(from, to))).toBe(true);
    // Another state of the blob than the caller knows: the whole.
    expect((await download(cid, { range, 'if-range': '"other"' })).status).toBe(200);
  });

  test('what is no single range is answered whole, what is beyond the end 416, what is known 304', async () => {
    const { cid } = (await upload(some(10))).body;
    for (const range of ['bytes=1-2,4-5', 'bytes=5-2', 'lines=1-2', 'bytes=-', 'bytes=a-b'])
      expect((await download(cid, { range })).status).toBe(200);
    for (const range of ['bytes=10-', 'bytes=-0', 'bytes=99-100']) {
      const answer = await download(cid, { range });
      expect([answer.status, answer.headers.get('content-range')]).toEqual([416, 'bytes */10']);
      expect(await answer.json()).toMatchObject({ code: 'range_not_satisfiable' });
    }
    for (const match of [`"${cid}"`, `"x", W/"${cid}"`, '*'])
      expect((await download(cid, { 'if-none-match': match })).status).toBe(304);
    const head = await download(cid, { range: 'bytes=0-1' }, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
  });
});

describe('one upload', () => {
  test('sent again it is answered as before; other bytes, another scope or another length clash', async () => {
    const bytes = some(BLOB_CHUNK + 9);
    const id = uploadId();
    const first = await upload(bytes, { upload: id });
    const before = await pinned();
    puts = 0;
    expect(await upload(bytes, { upload: id })).toEqual(first);
    const flipped = bytes.map((byte, i) => (i === 3 ? byte ^ 1 : byte));
    for (const other of [flipped, bytes.subarray(1), Buffer.concat([bytes, Buffer.of(0)]), new Uint8Array()])
      expect(await upload(other, { upload: id })).toMatchObject({ status: 409, body: { code: 'request_clash' } });
    expect(await upload(bytes, { upload: id, scope: 'photos' })).toMatchObject({ status: 409 });
    expect([await pinned(), puts]).toEqual([before, 0]);
    // Ids are of an owner.
    expect((await upload(flipped, { upload: id, by: friend })).status).toBe(201);
  });

  test('two at the same moment: one is stored, the other is told, and nothing of it stays pinned', async () => {
    const before = await pinned();
    const id = uploadId();
    const bytes = some(9);
    // Neither stores before the other has begun.
    const begun = new Promise<void>((resolve) => {
      putting = (n) => (n >= 2 ? resolve() : begun);
    });
    const both = await Promise.all([upload(bytes, { upload: id }), upload(bytes, { upload: id })]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(both.map(({ body }) => body.code)).toContain('upload_taken');
    await sweep();
    const cids = both.flatMap(({ body }) => body.cid ?? []);
    expect((await pinned()).filter((one) => !before.includes(one))).toEqual(cids);
  });

  test('refused: too large by its length or while it streams, encoded, without a right to write', async () => {
    const before = await pinned();
    const announced = httpRequest(urlOf(owner, `?upload=${uploadId()}`), {
      method: 'POST',
      headers: { ...world.token(owner, 'blobs.write'), 'content-length': MAX_BLOB + 1 },
    });
    announced.on('error', () => undefined).flushHeaders();
    const [answer] = await once(announced, 'response');
    announced.destroy();
    expect([answer.statusCode, puts]).toEqual([413, 0]);
    expect(await upload(some(5), { headers: { 'content-encoding': 'gzip' } })).toMatchObject({
      status: 415,
      body: { code: 'encoding_unsupported' },
    });
    for (const query of ['', '?upload=abc', `?upload=${uploadId()}&scope=__meta`, `?upload=${uploadId()}&x=1`]) {
      const refused = await fetch(urlOf(owner, query), {
        method: 'POST',
        headers: world.token(owner, 'blobs.write'),
        body: 'x',
      });
      expect(await codeOf(refused)).toEqual([400, 'invalid']);
    }
    const by = (headers: Record<string, string>) =>
      fetch(urlOf(owner, `?upload=${uploadId()}`), { method: 'POST', headers, body: 'x' }).then(codeOf);
    expect(await by({})).toEqual([401, 'unauthorized']);
    expect(await by(world.token(friend, 'blobs.write'))).toEqual([403, 'forbidden']);
    expect(await by(world.token(owner, 'blobs.read'))).toEqual([403, 'forbidden']);
    const other = bearer({
      keyPair: owner.account,
      app: some(32),
      by: 'wallet',
      operations: ['blobs.write'],
      now: world.now(),
    });
    expect(await by(other)).toEqual([403, 'forbidden']);
    expect(await pinned()).toEqual(before);
    const app = await fetch(urlOf(owner, `?upload=${uploadId()}`), {
      method: 'POST',
      headers: world.appToken('*', 'blobs.write'),
      body: 'x',
    });
    expect(app.status).toBe(201);
  });

  test('a byte too many, counted while it streams', async () => {
    const part = new Uint8Array(4 * BLOB_CHUNK);
    async function* endless() {
      for (let n = 0; n < 16; n++) yield part;
      yield new Uint8Array(1);
    }
    const before = await pinned();
    const { status, body } = await upload(ReadableStream.from(endless()) as unknown as RequestInit['body']);
    expect([status, body.code]).toEqual([413, 'payload_too_large']);
    await sweep();
    expect(await pinned()).toEqual(before);
  }, 30_000);

  test('in client mode the service has no key', async () => {
    await world.clientBatch(owner, 1);
    world.cachesEnd();
    expect(await upload(some(1))).toMatchObject({ status: 409, body: { code: 'client_keys' } });
  });
});

describe('an upload that breaks off', () => {
  test('leaves nothing pinned and no row', async () => {
    const before = await pinned();
    const request = httpRequest(urlOf(owner, `?upload=${uploadId()}`), {
      method: 'POST',
      headers: { ...world.token(owner, 'blobs.write'), 'content-length': 3 * BLOB_CHUNK },
    });
    request.on('error', () => undefined);
    const stored = new Promise<void>((resolve) => {
      putting = () => resolve();
    });
    request.write(some(2 * BLOB_CHUNK + 5));
    await stored;
    request.destroy();
    await eventually('its place is free again', async () => ((await placesTaken()) === 0 ? true : null), 10_000);
    await sweep(world.now() + 2 * HOUR);
    expect(await pinned()).toEqual(before);
    expect(await world.it.blobs.doomed(100)).toEqual([]);
  });

  test('a node that fails, and garbage that is collected before the pin: to be sent again, and nothing is pinned', async () => {
    const before = await pinned();
    const id = uploadId();
    const bytes = some(2 * BLOB_CHUNK);
    putting = (n) => {
      if (n === 2) throw new RetriableError('ipfs_unavailable', 'no room');
    };
    expect(await upload(bytes, { upload: id })).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    // Before the top is stored, its chunks are garbage.
    putting = (n) => (n === 5 ? node.collect() : undefined);
    expect(await upload(bytes, { upload: id })).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    await sweep();
    expect(await pinned()).toEqual(before);
    putting = () => undefined;
    expect((await upload(bytes, { upload: id })).status).toBe(201);
  });

  test('two of one caller are under way at most', async () => {
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    putting = () => held;
    const running = Array.from({ length: 2 }, () => upload(some(1)));
    await eventually('two have begun', async () => (puts === 2 ? true : null), 10_000);
    expect(await upload(some(1))).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    go();
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([201, 201]);
    expect((await upload(some(1))).status).toBe(201);
  });
});

const placesTaken = async () => {
  const text = await world.it.metrics.text();
  return Number(/^ddc_api_body_bytes\S* (\d+)/m.exec(text)?.[1]);
};

describe('what is stored wrongly', () => {
  const flip = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte));

  test('a flipped chunk: nothing of it is sent, the answer never ends well, and the operator is told', async () => {
    const bytes = some(3 * BLOB_CHUNK);
    const { cid } = (await upload(bytes)).body;
    const { chunks } = decodeBlobTop(await node.block(CID.parse(cid)), cid);
    const [first = '', , third = ''] = chunks;
    changed.set(third, flip(await node.block(CID.parse(third))));
    const answer = await download(cid);
    expect(answer.status).toBe(200);
    let seen = 0;
    const reading = (async () => {
      for await (const part of answer.body as unknown as AsyncIterable<Uint8Array>) {
        expect(same(part, bytes.subarray(seen, seen + part.length))).toBe(true);
        seen += part.length;
      }
    })();
    await expect(reading).rejects.toThrow();
    expect(seen).toBeLessThanOrEqual(2 * BLOB_CHUNK);
    expect(alarms).toMatchObject([{ error: { message: expect.stringContaining(cid) } }]);
    // A range beside it is whole; the first chunk flipped is told before anything is sent.
    expect((await download(cid, { range: 'bytes=0-9' })).status).toBe(206);
    changed.set(first, flip(await node.block(CID.parse(first))));
    expect(await codeOf(await download(cid))).toEqual([502, 'blob_unreadable']);
  });

  test('chunks in another order, under right CIDs, do not open', async () => {
    const { cid } = (await upload(some(3 * BLOB_CHUNK))).body;
    const { cid: other } = (await upload(some(3 * BLOB_CHUNK))).body;
    // The node answers the top of another blob: its bytes are not what the CID names.
    changed.set(cid, await node.block(CID.parse(other)));
    expect(await codeOf(await download(cid))).toEqual([502, 'blob_unreadable']);
  });

  test('a node that is away: to be asked again', async () => {
    const { cid } = (await upload(some(3))).body;
    node.down = true;
    try {
      expect(await codeOf(await download(cid))).toEqual([503, 'unavailable']);
    } finally {
      node.down = false;
    }
    expect((await download(cid)).status).toBe(200);
  });
});

describe('who reads', () => {
  const readAs = (cid: string, headers: Record<string, string>) => fetch(urlOf(owner, `/${cid}`), { headers });

  test('the app under a policy, a wallet under a grant, each of that scope, and the log names them', async () => {
    const bytes = some(20);
    const { cid } = (await upload(bytes, { scope: 'purchase' })).body;
    const { cid: secret } = (await upload(bytes, { scope: 'profile' })).body;
    const asFriend = world.token(friend, 'blobs.read');
    const asApp = world.appToken('*', 'blobs.read');
    for (const headers of [asFriend, asApp])
      expect(await codeOf(await readAs(cid, headers))).toEqual([404, 'unknown_blob']);
    const grant = await world.grant(owner, friend);
    world.cachesEnd();
    expect(same(await bytesOf(await readAs(cid, world.token(friend, 'blobs.read'))), bytes)).toBe(true);
    expect(await codeOf(await readAs(secret, world.token(friend, 'blobs.read')))).toEqual([404, 'unknown_blob']);
    await owner.requests.policy({ scopes: ['profile'], recipients: 'app', expiresAt: world.now() + HOUR });
    world.cachesEnd();
    expect(same(await bytesOf(await readAs(secret, world.appToken('*', 'blobs.read'))), bytes)).toBe(true);
    const { accesses } = await owner.requests.accessLog();
    expect(accesses.map(({ reader, scope }) => [reader, scope]).sort()).toEqual([
      [`app:${toHex(world.app)}`, 'profile'],
      [`wallet:${toHex(friend.account.publicKey)}`, 'purchase'],
    ]);
    await owner.requests.revoke(grant.id);
    world.cachesEnd();
    expect(await codeOf(await readAs(cid, world.token(friend, 'blobs.read')))).toEqual([404, 'unknown_blob']);
  });

  test('not by another wallet, app or operation; not what is no blob of this owner', async () => {
    const { cid } = (await upload(some(3))).body;
    const { cid: foreign } = (await upload(some(3), { by: friend })).body;
    expect(await codeOf(await readAs(cid, {}))).toEqual([401, 'unauthorized']);
    expect(await codeOf(await readAs(cid, world.token(owner, 'blobs.write')))).toEqual([403, 'forbidden']);
    expect(await codeOf(await readAs(cid, world.appToken(some(32), 'blobs.read')))).toEqual([403, 'forbidden']);
    expect(await codeOf(await readAs(foreign, world.token(owner, 'blobs.read')))).toEqual([404, 'unknown_blob']);
    expect(await codeOf(await readAs('not-a-cid', world.token(owner, 'blobs.read')))).toEqual([400, 'invalid']);
  });
});

describe('how long it stays', () => {
  const bodyOf = (events: Event[]) =>
    encodeNdjson(
      someBatch({ wallet: toHex(owner.account.publicKey), keyPair: owner.account, issuedAt: world.now(), events }),
    );
  const naming = (cid: string, count = 1) => bodyOf(Array.from({ length: count }, () => someEvent({ blob: cid })));

  test('24 h without an event that names it; with one, for good', async () => {
    const [named, unnamed] = [(await upload(some(3))).body.cid, (await upload(some(3))).body.cid];
    expect((await world.it.post(naming(named, 3))).status).toBe(202);
    // Of another owner, or of nobody: the batch is taken, and keeps nothing.
    expect(
      (await world.it.post(encodeNdjson(someBatch({ events: [someEvent({ blob: unnamed })], issuedAt: world.now() }))))
        .status,
    ).toBe(202);
    const later = world.now() + 25 * HOUR;
    await sweep(later);
    const left = await pinned();
    expect([left.includes(named), left.includes(unnamed)]).toEqual([true, false]);
    expect((await download(named)).status).toBe(200);
    expect(await codeOf(await download(unnamed))).toEqual([410, 'blob_gone']);
    node.collect();
    expect((await download(named)).status).toBe(200);
  });

  test('a batch is not accepted when its reference cannot be written down', async () => {
    const { cid } = (await upload(some(3))).body;
    const { refer } = world.it.blobs;
    world.it.blobs.refer = async () => {
      throw new RetriableError('postgres_unreachable', 'the database is away');
    };
    const body = naming(cid);
    try {
      expect((await world.it.post(body)).status).toBe(503);
    } finally {
      world.it.blobs.refer = refer;
    }
    expect((await world.it.post(body)).status).toBe(202);
  });

  test('when every event that names it was removed it is not given any more, also not the rest of it, and is unpinned', async () => {
    const { cid } = (await upload(some(32 * BLOB_CHUNK))).body;
    const [first, second] = [someEvent({ blob: cid }), someEvent({ blob: cid, session: 's' })];
    for (const event of [first, second]) expect((await world.it.post(bodyOf([event]))).status).toBe(202);
    const remove = (selector: Selector) =>
      world.it.vault.tables.removals.push({ ...owned(), id: some(16), issuedAt: world.now(), selector });
    remove({ events: [first.id] });
    await sweep();
    const answer = await download(cid);
    expect(answer.status).toBe(200);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    remove({ session: sessionMark(owned(), 's') });
    expect(await codeOf(await download(cid))).toEqual([410, 'blob_gone']);
    // What is on its way is asked about again after a second.
    passed += 1_000;
    const rest = (async () => {
      for (;;) if ((await reader.read()).done) return;
    })();
    await expect(rest).rejects.toThrow();
    expect(await pinned()).toContain(cid);
    await sweep();
    expect(await pinned()).not.toContain(cid);
    expect(await codeOf(await download(cid))).toEqual([410, 'blob_gone']);
  }, 20_000);

  test('a batch that names it after the removal keeps it', async () => {
    const { cid } = (await upload(some(5))).body;
    expect((await world.it.post(naming(cid))).status).toBe(202);
    const selector = { from: 0, to: Number.MAX_SAFE_INTEGER };
    world.it.vault.tables.removals.push({ ...owned(), id: some(16), issuedAt: world.now(), selector });
    expect((await download(cid)).status).toBe(410);
    world.pass(1_000);
    expect((await world.it.post(naming(cid))).status).toBe(202);
    await sweep();
    expect((await download(cid)).status).toBe(200);
  });

  test('an erasure ends reading and writing at once', async () => {
    const { cid } = (await upload(some(3))).body;
    await owner.requests.erase();
    world.cachesEnd();
    expect(await codeOf(await download(cid))).toEqual([404, 'unknown_blob']);
    expect(await upload(some(3))).toMatchObject({ status: 410, body: { code: 'erased' } });
    await world.it.blobs.erase(owned(), [1]);
    await sweep();
    expect(await pinned()).not.toContain(cid);
  });

  test('an erasure while a blob is on its way down: the rest does not come', async () => {
    const { cid } = (await upload(some(32 * BLOB_CHUNK))).body;
    const answer = await download(cid);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await owner.requests.erase();
    world.cachesEnd();
    const rest = (async () => {
      for (;;) if ((await reader.read()).done) return;
    })();
    await expect(rest).rejects.toThrow();
  });
});
