import { expect, test } from '@jest/globals';
import { samePosition } from './positions.ts';

test('positions are the same only in both numbers', () => {
  expect(samePosition({ next: 1, mark: 0 }, { next: 1, mark: 0 })).toBe(true);
  expect(samePosition({ next: 1, mark: 0 }, { next: 2, mark: 0 })).toBe(false);
  expect(samePosition({ next: 1, mark: 0 }, { next: 1, mark: -1 })).toBe(false);
});
