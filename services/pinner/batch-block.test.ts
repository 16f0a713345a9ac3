import { decode, encode } from '@ipld/dag-cbor';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { blake2b256, ready } from '../../protocol/index.ts';
import { batchBlock } from './batch-block.ts';

beforeAll(() => ready());

const bytes = (max: number) => fc.uint8Array({ maxLength: max });
const batch = fc.record({
  app: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  subject: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  epoch: fc.oneof(fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1), fc.nat(2 ** 32 - 1)),
  meta: bytes(400),
  events: fc.array(fc.dictionary(fc.stringMatching(/^[A-Za-z0-9_.-]{1,64}$/), bytes(400), { maxKeys: 30 }), {
    maxLength: 40,
  }),
});

test('a batch is, byte for byte, what a general DAG-CBOR encoder makes of it', () => {
  fc.assert(
    fc.property(batch, (one) => {
      const { encoded, hash } = batchBlock(one);
      expect(Buffer.compare(encoded, encode(one))).toBe(0);
      expect(Buffer.compare(hash, blake2b256(encoded))).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('what is charged are the envelopes, meta included', () => {
  const envelope = new Uint8Array(100);
  const events: Record<string, Uint8Array>[] = [{ a: envelope, b: envelope }, { a: envelope }];
  const { bytes: charged } = batchBlock({
    app: new Uint8Array(32),
    subject: new Uint8Array(32),
    epoch: 0,
    meta: envelope,
    events,
  });
  expect(charged).toBe(400);
});

test('a thousand events of long envelopes keep their order', () => {
  const events = Array.from({ length: 1_000 }, (_, i) => ({ scope: new Uint8Array(300).fill(i % 251) }));
  const { encoded } = batchBlock({
    app: new Uint8Array(32),
    subject: new Uint8Array(32),
    epoch: 7,
    meta: new Uint8Array(9),
    events,
  });
  const read = decode(encoded) as { events: { scope: Uint8Array }[] };
  expect(read.events.map(({ scope }) => scope[0])).toEqual(events.map(({ scope }) => scope[0]));
});
