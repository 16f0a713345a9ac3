import { expect, test } from '@jest/globals';
import { eachOrRetry } from './accepted.ts';
import { RetriableError } from './errors.ts';

test('all of a flush are tried before it is tried again', () => {
  const tried: number[] = [];
  const attempt = (n: number) => {
    tried.push(n);
    if (n % 2) throw new RetriableError('schema_unknown', `${n}`);
    return n * 10;
  };
  expect(() => eachOrRetry([1, 2, 3], attempt)).toThrow('1');
  expect(tried).toEqual([1, 2, 3]);
  expect(eachOrRetry([2, 4], attempt)).toEqual([20, 40]);
});

test('a bug is not held back', () => {
  const bug = () => {
    throw new TypeError('bug');
  };
  expect(() => eachOrRetry([1], bug)).toThrow('bug');
});
