import { expect, test } from '@jest/globals';
import { isErased } from './erasure.ts';

const erasure = { fence: 100, rootVersions: [2], issuedAt: 5_000 };
const later = { origin: 150, rootVersion: 3, issuedAt: 6_000 };

test.each([
  ['before the fence', { ...later, origin: 99 }, true],
  ['under an overwritten root', { ...later, rootVersion: 2 }, true],
  ['under an older root that was not overwritten', { ...later, rootVersion: 1 }, false],
  ['signed before the request', { ...later, issuedAt: 5_000 }, true],
  ['after all of it', later, false],
  ['not opened yet, after the fence, under the new root', { ...later, issuedAt: null }, false],
])('%s', (_, batch, erased) => {
  expect(isErased(batch, [erasure])).toBe(erased);
});

test('an erasure whose fence is not read yet reaches everything', () => {
  expect(isErased(later, [{ ...erasure, fence: null }])).toBe(true);
});

test('no erasure, nothing erased', () => {
  expect(isErased(later, [])).toBe(false);
});
