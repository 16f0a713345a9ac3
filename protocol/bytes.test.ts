import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  fromBase64url,
  fromHex,
  fromUtf8,
  ProtocolError,
  toBase64url,
  toHex,
  u16,
  u32,
  u64,
  u128,
  utf8,
} from './index.ts';

test('hex and base64url are what Node writes, and read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
      expect(fromHex(toHex(bytes))).toEqual(bytes);
      expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
      expect(fromBase64url(toBase64url(bytes))).toEqual(bytes);
    }),
  );
});

test('no second spelling is read', () => {
  for (const text of ['A0', '0x00', '0', '00 ', 'é0', '\u0130\u0130'])
    expect(() => fromHex(text)).toThrow(ProtocolError);
  expect(() => fromHex('00', 2)).toThrow(ProtocolError);
  for (const text of ['A', 'AA==', 'A+/A', 'AB', 'AAB', 'AA A', 'éAAA'])
    expect(() => fromBase64url(text)).toThrow(ProtocolError);
});

test('text is UTF-8 as it is: U+FEFF kept, lone surrogates and broken bytes refused', () => {
  expect(fromUtf8(utf8('\ufeffé'))).toBe('\ufeffé');
  expect(() => utf8('\ud800')).toThrow(ProtocolError);
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    expect(() => fromUtf8(Uint8Array.from(bytes))).toThrow(ProtocolError);
  }
});

test('integers are big-endian and must fit', () => {
  expect([u16(258), u32(258), u64(258), u128(258n)].map(toHex)).toEqual([
    '0102',
    '00000102',
    '0000000000000102',
    `${'0'.repeat(28)}0102`,
  ]);
  for (const write of [
    () => u16(65_536),
    () => u32(-1),
    () => u32(2 ** 32),
    () => u32(0.5),
    () => u64(2 ** 53),
    () => u128(1n << 128n),
    () => u128(-1n),
  ]) {
    expect(write).toThrow(ProtocolError);
  }
});
