import { expect, test } from '@jest/globals';
import { originOf, retryOf } from './origin.ts';

const record = (headers: Record<string, string>) => ({
  key: new Uint8Array(),
  value: new Uint8Array(),
  headers,
  offset: 0,
});

test('an origin is decimal text of a safe integer', () => {
  expect(originOf(record({ origin: '0' }))).toBe(0);
  expect(originOf(record({ origin: '9007199254740991' }))).toBe(Number.MAX_SAFE_INTEGER);
  for (const origin of ['', '-1', '01', '1.5', ' 1', '1e3', '0x1', '9007199254740993']) {
    expect(originOf(record({ origin }))).toBeNull();
  }
  expect(originOf(record({}))).toBeNull();
  expect(retryOf(record({ retryOf: '7' }))).toBe(7);
});
