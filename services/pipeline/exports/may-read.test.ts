import { expect, test } from '@jest/globals';
import { isNothing } from './may-read.ts';

test('that nothing is granted is said only when every wallet was asked', () => {
  expect(isNothing({ wallets: 3, more: false, scopes: { a: 0, b: 0 } })).toBe(true);
  expect(isNothing({ wallets: 3, more: false, scopes: { a: 0, b: 1 } })).toBe(false);
  expect(isNothing({ wallets: 1_000, more: true, scopes: { a: 0, b: 0 } })).toBe(false);
});
