import { expect, test } from '@jest/globals';
import { courseOf } from './memory.ts';

test('flat and growing memory are told apart', () => {
  const samples = (grow: number) => Array.from({ length: 300 }, (_, i) => 200 + (i % 7) + i * grow);
  expect(courseOf(samples(0), 1)).toMatchObject({ firstThird: 203, lastThird: 203, most: 206 });
  expect(Math.abs(courseOf(samples(0), 1).slopePerMinute)).toBeLessThan(0.2);
  expect(courseOf(samples(0.1), 1).slopePerMinute).toBeCloseTo(6, 0);
});
