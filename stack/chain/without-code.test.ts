import { expect, test } from '@jest/globals';
import { withoutCode } from './without-code.ts';

test('a block is saved without the code of the runtime, and with everything else', () => {
  const block = { number: 4, storageDiff: { '0x3a636f6465': '0x52bc', '0x26aa': '0x01', '0x45': null } };
  expect(withoutCode(block)).toEqual({ number: 4, storageDiff: { '0x26aa': '0x01', '0x45': null } });
  for (const other of [{ storageDiff: null }, { storageDiff: { '0x45': '0x02' } }])
    expect(withoutCode(other)).toBe(other);
});
