import { expect, test } from '@jest/globals';
import { care, poisonPlace } from './poison.ts';

test('first careful, then paused, never voided without an order', () => {
  expect([0, 1, 2, 3, 4].map((n) => care(n, false))).toEqual(['run', 'careful', 'careful', 'pause', 'pause']);
  expect(care(3, true)).toBe('void');
});

test('the place is the origin that is accepted next, whatever a repair did to the row', () => {
  expect(poisonPlace({ next: 9, mark: 6 })).toBe(7);
  expect(poisonPlace({ next: 9, mark: 2 })).toBe(3);
});
