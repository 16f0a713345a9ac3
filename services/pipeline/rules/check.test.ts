import { expect, test } from '@jest/globals';
import { checkVerdict } from './check.ts';

test('waits until all below the sampled end is judged', () => {
  expect(checkVerdict({ mark: 9, end: 12 }, { next: 11, mark: 4 })).toBe('wait');
});

test('behind: all is judged and upstream claims more', () => {
  expect(checkVerdict({ mark: 9, end: 12 }, { next: 12, mark: 8 })).toBe('behind');
  expect(checkVerdict({ mark: 9, end: 0 }, { next: 0, mark: -1 })).toBe('behind');
});

test('fine: what upstream claims has arrived, and perhaps more since', () => {
  expect(checkVerdict({ mark: 9, end: 12 }, { next: 12, mark: 9 })).toBe('fine');
  expect(checkVerdict({ mark: 9, end: 12 }, { next: 15, mark: 11 })).toBe('fine');
});
