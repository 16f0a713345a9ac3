import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPace } from './pace.ts';

test('over any time no more than the rate, the burst of a second and the last stretch', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.array(fc.record({ events: fc.nat(5_000), idleMs: fc.nat(3_000) }), { minLength: 1, maxLength: 50 }),
      (rate, stretches) => {
        let now = 0;
        let read = 0;
        const pace = createPace(rate, () => now);
        for (const { events, idleMs } of stretches) {
          read += events;
          now += pace.took(events);
          // What waits is let go by the time it waited for.
          expect(read).toBeLessThanOrEqual((now / 1000) * rate + rate + 1e-6 * rate);
          now += idleMs;
        }
      },
    ),
  );
});

test('it is not slower than asked: a full bucket costs no time, and debt exactly its own', () => {
  let now = 0;
  const pace = createPace(100, () => now);
  expect(pace.took(100)).toBe(0);
  expect(pace.took(50)).toBe(500);
  now += 500;
  expect(pace.took(0)).toBe(0);
  now += 60_000;
  expect(pace.took(100)).toBe(0);
  expect(pace.took(1)).toBe(10);
});

test('without a rate it never waits', () => {
  expect(createPace(null, () => 0).took(1e9)).toBe(0);
});
