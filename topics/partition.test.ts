import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { murmur2, partitionOf } from './partition.ts';

const require = createRequire(import.meta.url);
/** kafkajs's own, which is tested against the Java client. */
const reference = require('kafkajs/src/producer/partitioners/default/murmur2.js') as (key: Buffer) => number;
const text = (value: string) => new TextEncoder().encode(value);

describe('partitionOf', () => {
  test("gives the hashes of Kafka's own test", () => {
    expect(murmur2(text('21'))).toBe(-973932308);
    expect(murmur2(text('foobar'))).toBe(-790332482);
    expect(murmur2(text('a-little-bit-long-string'))).toBe(-985981536);
    expect(murmur2(text('a-little-bit-longer-string'))).toBe(-1486304829);
    expect(murmur2(text('lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8'))).toBe(-58897971);
    expect(murmur2(Uint8Array.of(97, 98, 99))).toBe(479470107);
  });

  test('agrees with a second implementation on any key, and stays within the partitions', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.integer({ min: 1, max: 200 }), (key, count) => {
        expect(murmur2(key)).toBe(reference(Buffer.from(key)) | 0);
        const partition = partitionOf(key, count);
        expect(partition >= 0 && partition < count).toBe(true);
      }),
    );
  });
});
