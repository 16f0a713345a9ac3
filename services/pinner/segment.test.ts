import { decode, encode } from '@ipld/dag-cbor';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ready } from '../../protocol/index.ts';
import { cidOf } from './cid.ts';
import { MAX_BATCH_BYTES, MAX_SEGMENT_BYTES, packSegments } from './segment.ts';

beforeAll(() => ready());

const LIMIT = 2_000;
const sized = (size: number, mark: number) => encode({ mark, filling: new Uint8Array(size) });

test('segments hold every batch once and in order, none beyond the limit, none with room for the next batch', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(900), { maxLength: 200 }), (sizes) => {
      const batches = sizes.map(sized);
      const segments = packSegments(batches, LIMIT);
      const read = segments.flatMap(({ block }) => (decode(block) as { batches: { mark: number }[] }).batches);
      expect(read.map(({ mark }) => mark)).toEqual(sizes.map((_, i) => i));
      for (const { block, cid, first, count } of segments) {
        expect(block.length).toBeLessThanOrEqual(LIMIT);
        expect(cid.equals(cidOf(block))).toBe(true);
        expect((decode(block) as { batches: { mark: number }[] }).batches[0]?.mark).toBe(first);
        const next = batches[first + count];
        if (next) expect(block.length + next.length).toBeGreaterThan(LIMIT - 10);
      }
    }),
  );
});

test('a segment is the DAG-CBOR of {v, batches}', () => {
  const batches = [sized(10, 0), sized(20, 1)];
  const [segment] = packSegments(batches);
  expect(segment?.block).toEqual(encode({ v: 1, batches: batches.map((one) => decode(one)) }));
});

test('the longest legal batch fits a segment alone, and one byte more does not', () => {
  const longest = new Uint8Array(MAX_BATCH_BYTES);
  const [segment, second] = packSegments([longest, longest]);
  expect(segment?.block.length).toBeLessThanOrEqual(MAX_SEGMENT_BYTES);
  expect(second?.first).toBe(1);
  expect(() => packSegments([new Uint8Array(MAX_BATCH_BYTES + 1)])).toThrow(RangeError);
});

test('nothing makes no segment', () => {
  expect(packSegments([])).toEqual([]);
});
