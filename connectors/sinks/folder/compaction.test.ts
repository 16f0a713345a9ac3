import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mergesOf, type PlacedFile, partitionOf } from './compaction.ts';

const limits = { bytes: 1_000, ageMs: 60_000, files: 4 };
const NOW = 1_000_000;
const pad = (n: number) => String(n).padStart(12, '0');
const file = (
  n: number,
  bytes: number,
  { partition = 0, version = 1, age = 0, day = 'dt=2026-01-01' } = {},
): PlacedFile => ({
  name: `t/app=a/${day}/p${partition}-${pad(n * 10)}-${pad(n * 10 + 9)}-v${version}.parquet`,
  bytes,
  time: NOW - age,
});
const merged = (files: readonly PlacedFile[]) => mergesOf(files, NOW, limits).map(({ from, to }) => [from.length, to]);

describe('what is merged', () => {
  it('is enough small neighbours, into a file that is named by all their origins', () => {
    const four = [0, 1, 2, 3].map((n) => file(n, 10));
    expect(merged(four.slice(1))).toEqual([]);
    expect(mergesOf(four, NOW, limits)).toEqual([
      { from: four.map(({ name }) => name), to: `t/app=a/dt=2026-01-01/p0-${pad(0)}-${pad(39)}-v1.parquet` },
    ]);
  });

  it('is few, when one of them is old', () => {
    expect(merged([file(0, 10, { age: 60_000 }), file(1, 10)])).toEqual([[2, expect.stringContaining(pad(19))]]);
    expect(merged([file(0, 10, { age: 60_000 })])).toEqual([]);
  });

  it('is nothing across partitions, days, versions, and large files', () => {
    const apart = [{ partition: 1 }, { version: 2 }, { day: 'dt=2026-01-02' }, {}];
    expect(merged(apart.flatMap((where, i) => [file(2 * i, 10, where), file(2 * i + 1, 10, where)]))).toEqual([]);
    expect(merged([file(0, 10), file(1, 10), file(2, 1_000), file(3, 10), file(4, 10)])).toEqual([]);
    expect(merged([{ name: 'README.md', bytes: 1, time: 0 }])).toEqual([]);
  });

  it('is as much as fills a file, and leaves one for later that outweighs all after it', () => {
    expect(merged([file(0, 600), file(1, 600), file(2, 10)])).toEqual([[2, expect.stringContaining(pad(19))]]);
    expect(merged([file(0, 500), ...[1, 2, 3].map((n) => file(n, 10))])).toEqual([]);
    expect(merged([file(0, 500), ...[1, 2, 3, 4].map((n) => file(n, 10))])).toEqual([
      [4, expect.stringContaining(pad(10))],
    ]);
  });
});

it('a row is written anew seldom, few small files are ever left, and no row is lost, however deliveries come', () => {
  const delivery = fc.record({ bytes: fc.integer({ min: 1, max: 400 }), partition: fc.integer({ min: 0, max: 1 }) });
  fc.assert(
    fc.property(fc.array(delivery, { minLength: 1, maxLength: 200 }), (deliveries) => {
      let files: PlacedFile[] = [];
      let written = 0;
      const total = deliveries.reduce((sum, { bytes }) => sum + bytes, 0);
      for (const [n, { bytes, partition }] of deliveries.entries()) {
        files.push(file(n, bytes, { partition }));
        for (const { from, to } of mergesOf(files, NOW, limits)) {
          const gone = files.filter(({ name }) => from.includes(name));
          expect(gone).toHaveLength(from.length);
          const size = gone.reduce((sum, one) => sum + one.bytes, 0);
          written += size;
          files = files.filter(({ name }) => !from.includes(name)).concat({ name: to, bytes: size, time: NOW });
        }
        for (const p of [0, 1]) {
          const small = files.filter((one) => one.bytes < limits.bytes && partitionOf(one.name) === p);
          // Sizes at least halve from one to the next but for the last few.
          expect(small.length).toBeLessThanOrEqual(limits.files + Math.log2(limits.bytes));
        }
      }
      expect(files.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total);
      expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
      expect(written).toBeLessThanOrEqual(total * (1 + Math.log2(limits.bytes)));
    }),
    { numRuns: 50 },
  );
});
