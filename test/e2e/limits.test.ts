import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { appsAdd } from '../../cli/apps.ts';
import { takeHoldings } from '../../cli/census/census.ts';
import { encodeNdjson, measureBatch, toHex } from '../../protocol/index.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { app, someBatch, someBody } from '../support/api.ts';
import { drained } from '../support/drained.ts';
import {
  largestNumbers,
  MAX_BODY,
  MAX_ENCRYPTED,
  manyEvents,
  manyScopes,
  paddingFor,
  type Shape,
} from '../support/legal-limits.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { type Posted, postBatch } from '../support/posting.ts';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';
import { createTestSigner } from '../support/signed-batches.ts';

let it: SuiteSandbox;
beforeAll(async () => {
  it = await suiteSandbox('limits');
  await appsAdd(it.suite.database.url, toHex(app.publicKey), { tier: 'free', open: true });
}, 120_000);
afterAll(() => it?.close());

const post = (body: Uint8Array, headers?: Record<string, string>) => postBatch(it.deployment.api, body, headers);

/** End offsets of `received`, by partition. */
const ends = () =>
  Promise.all(
    Array.from({ length: it.deployment.partitions }, (_, partition) =>
      it.stores.kafka.endOffset(`${it.suite.prefix}${batchesReceived.name}`, partition),
    ),
  );

const live: { batchId: Uint8Array; count: number }[] = [];

describe('the largest legal batch', () => {
  const shapes: [string, Shape, number | null][] = [
    ['one event, both limits exactly', manyEvents(1), MAX_BODY],
    ['1,000 events', manyEvents(1_000), null],
    ['70 events of 64 scopes', manyScopes(70), null],
  ];

  test.each(shapes)('%s: is accepted, and one byte more is refused', async (_, shape, body) => {
    const signer = createTestSigner(it.app);
    await it.allow([signer]);
    const sign = (padding: string) => signer.sign({ events: shape(padding), seq: 0, issuedAt: Date.now() });
    const largest = sign(paddingFor(signer, shape, MAX_ENCRYPTED, body));
    expect(measureBatch(largest).encryptedSize).toBe(MAX_ENCRYPTED);
    if (body) expect(largest.ndjson).toHaveLength(body);

    const before = await ends();
    const tooMuch = sign(`x${paddingFor(signer, shape, MAX_ENCRYPTED)}`);
    expect(await post(tooMuch.ndjson)).toMatchObject({ status: 413, code: 'batch_too_large' });
    if (body) {
      const longer = sign(paddingFor(signer, shape, MAX_ENCRYPTED, body + 1));
      expect(longer.ndjson).toHaveLength(MAX_BODY + 1);
      expect(await post(longer.ndjson)).toMatchObject({ status: 413, code: 'body_too_large' });
      // Counted while inflating, whatever it was on the wire.
      const packed = gzipSync(longer.ndjson);
      expect(packed.length).toBeLessThan(100_000);
      expect(await post(packed, { 'content-encoding': 'gzip' })).toMatchObject({ status: 413, code: 'body_too_large' });
    }
    expect(await ends()).toEqual(before);

    expect(await post(largest.ndjson)).toMatchObject({ status: 202, batchId: toHex(largest.batchId) });
    live.push({ batchId: largest.batchId, count: largest.events.length });
  });

  test('the largest seq and time of signing: are accepted', async () => {
    const signer = createTestSigner(it.app);
    await it.allow([signer]);
    const batch = signer.sign({ count: 2, ...largestNumbers(Date.now()) });
    expect(await post(batch.ndjson)).toMatchObject({ status: 202, batchId: toHex(batch.batchId) });
    live.push({ batchId: batch.batchId, count: batch.events.length });
  });

  test('passes every room: indexed, settled, exported, and opened from IPFS', async () => {
    const batchIds = live.map(({ batchId }) => batchId);
    const events = live.reduce((sum, { count }) => sum + count, 0);
    await drained(it, { batchIds, events });
    const holdings = await takeHoldings(it.stores, batchIds);
    expect(holdings.failures).toEqual([]);
    expect(holdings.eventIds).toHaveLength(events);
    const scopes = [...holdings.opened.values()].flatMap((batch) => batch.events).map((event) => event.scopes);
    expect(Math.max(...scopes.map((opened) => Object.keys(opened).length))).toBe(64);
    expect(await parquetRows(it.deployment.exportFolder)).toHaveLength(events);
  }, 120_000);
});

describe('bad requests', () => {
  const edited = (from: string | RegExp, to: string) =>
    Buffer.from(Buffer.from(someBody()).toString().replace(from, to));
  const header = (over: Record<string, unknown>) => {
    const batch = someBatch();
    return encodeNdjson({ ...batch, header: { ...batch.header, ...over } as never });
  };
  const broken = (...bytes: number[]) => {
    const body = Buffer.from(someBody());
    const at = body.indexOf('/checkout');
    return Buffer.concat([body.subarray(0, at), Buffer.from(bytes), body.subarray(at)]);
  };
  const DAY = 24 * 60 * 60 * 1000;
  const GZIP = { 'content-encoding': 'gzip' };
  const cases: [string, () => Uint8Array, Posted, Record<string, string>?][] = [
    ['a bad signature', () => header({ seq: 7 }), { status: 422, code: 'signature', line: 1 }],
    ['a wrong wrap', () => header({ wrap: 'bytes' }), { status: 422, code: 'signature', line: 1 }],
    ['stale', () => someBody({ issuedAt: Date.now() - 8 * DAY }), { status: 422, code: 'stale', line: 1 }],
    ['from the future', () => someBody({ issuedAt: Date.now() + 600_000 }), { status: 422, code: 'stale', line: 1 }],
    ['over the limit', () => Buffer.alloc(MAX_BODY + 1, 0x20), { status: 413, code: 'body_too_large' }],
    ['an unknown field', () => edited('"type":', '"color":1,"type":'), { status: 422, code: 'field', line: 2 }],
    ['__proto__', () => edited('"type":', '"__proto__":{},"type":'), { status: 400, code: 'proto', line: 2 }],
    [
      'depth',
      () => edited('"type":', `"x":${'['.repeat(5_000)}${']'.repeat(5_000)},"type":`),
      { status: 400, code: 'depth', line: 2 },
    ],
    ['bad UTF-8', () => broken(0xff, 0xfe), { status: 400, code: 'utf8', line: 2 }],
    ['a gzip bomb', () => gzipSync(Buffer.alloc(200_000_000)), { status: 413, code: 'body_too_large' }, GZIP],
    [
      'a brotli bomb',
      () => brotliCompressSync(Buffer.alloc(200_000_000)),
      { status: 413, code: 'body_too_large' },
      { 'content-encoding': 'br' },
    ],
    ['a wrong count', () => header({ count: 2 }), { status: 422, code: 'count', line: 1 }],
    ['an unknown app', () => someBody({ app: '77'.repeat(32) }), { status: 403, code: 'unknown_app' }],
    ['another network', () => someBody({ network: 'elsewhere' }), { status: 422, code: 'network', line: 1 }],
  ];

  test('each has its own code, and none leaves anything in Kafka', async () => {
    const before = await ends();
    for (const [name, make, wanted, headers] of cases) {
      const { status, code, line } = await post(make(), headers);
      expect({ name, status, code, line }).toEqual({ name, line: undefined, ...wanted });
    }
    expect(await ends()).toEqual(before);
    // And the API is as well as before.
    expect(await post(someBody())).toMatchObject({ status: 202 });
  }, 60_000);
});
