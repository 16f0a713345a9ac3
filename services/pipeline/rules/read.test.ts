import { describe, expect, test } from '@jest/globals';
import { readVerdict } from './read.ts';
import { ALL_RULES, without } from './rules.ts';

describe('the read rule', () => {
  test.each([
    [3, 5, 'skip'],
    [5, 5, 'skip'],
    [6, 5, 'accept'],
    [7, 5, 'gap'],
    [0, -1, 'accept'],
    [1, -1, 'gap'],
  ] as const)('origin %i after mark %i: %s', (origin, mark, verdict) => {
    expect(readVerdict(origin, mark, ALL_RULES)).toBe(verdict);
  });

  test('switched off, everything is accepted', () => {
    expect(readVerdict(3, 5, without('read'))).toBe('accept');
    expect(readVerdict(9, 5, without('read'))).toBe('accept');
  });
});
