import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeAddress, encodeAddress } from '@polkadot/util-crypto';
import fc from 'fast-check';
import { decodeSs58, encodeSs58, fromHex, isSs58Prefix, ProtocolError, ready, toHex } from './index.ts';

beforeAll(ready);

/** Alice of the Substrate documentation, on networks with prefixes of one and of two bytes. */
const ALICE = 'd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d';
const KNOWN: readonly (readonly [number, string])[] = [
  [0, '15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5'],
  [2, 'HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F'],
  [42, '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'],
];

const codeOf = (text: string): string => {
  try {
    decodeSs58(text);
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'accepted';
};

describe('known answers', () => {
  test.each(KNOWN)('prefix %i', (prefix, address) => {
    expect(encodeSs58({ prefix, key: fromHex(ALICE) })).toBe(address);
    expect(decodeSs58(address)).toEqual({ prefix, key: fromHex(ALICE) });
  });
});

test('agrees with @polkadot/util-crypto on every key and prefix, of one byte and of two', () => {
  const prefixes = fc.oneof(fc.constantFrom(0, 54, 63, 64, 65, 255, 256, 16_383), fc.integer({ min: 0, max: 16_383 }));
  fc.assert(
    fc.property(prefixes.filter(isSs58Prefix), fc.uint8Array({ minLength: 32, maxLength: 32 }), (prefix, bytes) => {
      const key = Uint8Array.from(bytes);
      const address = encodeSs58({ prefix, key });
      expect(address).toBe(encodeAddress(key, prefix));
      expect(toHex(decodeSs58(address).key)).toBe(toHex(decodeAddress(address, false, prefix)));
      expect(decodeSs58(address).prefix).toBe(prefix);
    }),
    { numRuns: 300 },
  );
});

test('a key of zeros keeps them', () => {
  const address = encodeSs58({ prefix: 0, key: new Uint8Array(32) });
  expect(decodeSs58(address)).toEqual({ prefix: 0, key: new Uint8Array(32) });
});

test('what is no address is refused', () => {
  const address = KNOWN[2]?.[1] as string;
  const changed = [...address].map((character, at) => [...address].with(at, character === 'A' ? 'B' : 'A').join(''));
  for (const text of [
    '',
    '1',
    '0OIl',
    `${address}1`,
    `1${address}`,
    address.slice(1),
    ALICE,
    '1'.repeat(51),
    ...changed,
  ])
    expect([text, codeOf(text)]).toEqual([text, 'ss58']);
  // An address of another length of key, as Substrate has them too.
  expect(codeOf(encodeAddress(new Uint8Array(33).fill(2), 42))).toBe('ss58');
});

test('prefixes that are reserved, or in two bytes where one is enough, are refused', () => {
  for (const prefix of [46, 47, -1, 16_384, 1.5, Number.NaN])
    expect(() => encodeSs58({ prefix, key: fromHex(ALICE) })).toThrow(ProtocolError);
  expect(() => encodeSs58({ prefix: 42, key: new Uint8Array(31) })).toThrow(ProtocolError);
});
