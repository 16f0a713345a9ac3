import { expect, test } from '@jest/globals';
import { absent } from './lookup.ts';

test.each([
  [4, 'offset_out_of_range', false],
  [5, 'record_not_served', true],
  [8, 'record_not_served', true],
  [9, 'offset_out_of_range', false],
] as const)('of a log that holds 5 to 9, an empty fetch at %s is %s', (offset, code, retriable) => {
  expect(absent('received/0', offset, 5, 9)).toMatchObject({ code, retriable });
});
