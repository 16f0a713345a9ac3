import { expect, test } from '@jest/globals';
import { repaired } from './repair.ts';

test('the encryptor reads again after the mark, the pinner keeps its input offset', () => {
  expect(repaired('encryptor', { next: 10, mark: 9 }, 4)).toEqual({ next: 5, mark: 4 });
  expect(repaired('pinner', { next: 12, mark: 9 }, 4)).toEqual({ next: 12, mark: 4 });
});

test('nothing to lower, nothing changed', () => {
  expect(repaired('encryptor', { next: 5, mark: 4 }, 4)).toBeNull();
  expect(repaired('pinner', { next: 5, mark: 4 }, 8)).toBeNull();
});
