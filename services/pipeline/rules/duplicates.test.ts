import { expect, test } from '@jest/globals';
import { claimBatch } from './duplicates.ts';
import { ALL_RULES, without } from './rules.ts';

test('the first origin owns the batch, and gets the same answer again', () => {
  expect(claimBatch(null, { origin: 5, retryOf: null }, ALL_RULES)).toEqual({ owner: 5, duplicate: false });
  expect(claimBatch(5, { origin: 5, retryOf: null }, ALL_RULES)).toEqual({ owner: 5, duplicate: false });
});

test('another origin is a duplicate', () => {
  expect(claimBatch(5, { origin: 9, retryOf: null }, ALL_RULES)).toEqual({ owner: 5, duplicate: true });
});

test('a retry takes over the dead one that it names, once', () => {
  expect(claimBatch(5, { origin: 9, retryOf: 5 }, ALL_RULES)).toEqual({ owner: 9, duplicate: false });
  expect(claimBatch(9, { origin: 11, retryOf: 5 }, ALL_RULES)).toEqual({ owner: 9, duplicate: true });
});

test('switched off, nothing is a duplicate', () => {
  expect(claimBatch(5, { origin: 9, retryOf: null }, without('duplicates')).duplicate).toBe(false);
});
