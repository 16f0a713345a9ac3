import * as ipld from '@ipld/dag-cbor';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Cbor, decodeCbor, encodeCbor, ProtocolError, toHex } from './index.ts';

const name = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((it) => it !== '__proto__');
const leaf: fc.Arbitrary<Cbor> = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, Number.MAX_SAFE_INTEGER),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
);
const list = fc.array(leaf, { maxLength: 30 });
const map = fc.dictionary(name, fc.oneof(leaf, list), { maxKeys: 30, noNullPrototype: true });

describe('DAG-CBOR', () => {
  test('is what @ipld/dag-cbor makes of it, both ways', () => {
    fc.assert(
      fc.property(fc.oneof(leaf, list, map), (value) => {
        const bytes = encodeCbor(value);
        expect(toHex(bytes)).toBe(toHex(ipld.encode(value)));
        expect(decodeCbor(bytes)).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  test('any bytes are refused or canonical', () => {
    const some = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(map, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
        const bytes = encodeCbor(value);
        bytes[at % bytes.length] = byte;
        return bytes;
      }),
    );
    fc.assert(
      fc.property(some, (bytes) => {
        let value: Cbor;
        try {
          value = decodeCbor(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
          return;
        }
        expect(toHex(encodeCbor(value))).toBe(toHex(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test('counts and nesting from outside cost nothing', () => {
    const hostile = [
      [0x9b, 0, 0x1f, 255, 255, 255, 255, 255, 255],
      [0xbb, 0, 0x1f, 255, 255, 255, 255, 255, 255],
      [0x5b, 0, 0x1f, 255, 255, 255, 255, 255, 255],
      Array.from({ length: 100_000 }, () => 0x81),
    ];
    for (const bytes of hostile) expect(() => decodeCbor(Uint8Array.from(bytes))).toThrow(ProtocolError);
  });

  test('what a signed body never holds is not written', () => {
    for (const value of [-1, 0.5, -0, Number.NaN, 2 ** 53]) expect(() => encodeCbor(value)).toThrow('a number');
    expect(() => encodeCbor('\ud800')).toThrow('UTF-8');
  });
});
