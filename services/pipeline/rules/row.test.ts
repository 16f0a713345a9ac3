import { expect, test } from '@jest/globals';
import { seekBack } from './row.ts';
import { ALL_RULES, without } from './rules.ts';

test('another offset than next leads back to next', () => {
  expect(seekBack(4, 4, ALL_RULES)).toBeNull();
  expect(seekBack(6, 4, ALL_RULES)).toBe(4);
  expect(seekBack(2, 4, ALL_RULES)).toBe(4);
  expect(seekBack(6, 4, without('row'))).toBeNull();
});
