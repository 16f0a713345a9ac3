import { beforeAll, expect, test } from '@jest/globals';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { blake2b } from '@noble/hashes/blake2.js';
import fc from 'fast-check';
import { concat, fromUtf8, ready, toHex, utf8 } from '../index.ts';
import { decodeLegacy } from './index.ts';
import { mapLeaves } from './json.ts';

const ZERO = new Uint8Array(24);
const NONCE = new Uint8Array(24).fill(5);

/** What the libraries of G2 to G4 did with one leaf, on @noble. */
const SEAL = {
  G2: (master: Uint8Array, path: string, text: string) => {
    const key = blake2b(concat(master, utf8(path)), { dkLen: 32 });
    return toHex(concat(NONCE, xchacha20poly1305(key, NONCE).encrypt(utf8(text))));
  },
  G3: (master: Uint8Array, path: string, text: string) => {
    const key = blake2b(utf8(path), { dkLen: 32, key: master });
    return toHex(xchacha20poly1305(key, ZERO).encrypt(utf8(text))).toUpperCase();
  },
  G4: (master: Uint8Array, path: string, text: string) => {
    const key = blake2b(concat(master, utf8('/'), utf8(path)), { dkLen: 32 });
    return `0x${toHex(xsalsa20poly1305(key, ZERO).encrypt(utf8(text)))}`;
  },
};

/** The text form of a leaf: `asText` of the libraries. */
const textOf = (leaf: unknown) => (typeof leaf === 'string' ? leaf : String(leaf));

const { document } = fc.letrec((tie) => ({
  leaf: fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.constant(null)),
  document: fc.oneof(
    { maxDepth: 3 },
    tie('leaf'),
    fc.array(tie('document'), { minLength: 1, maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-zé_-]{1,6}$/), tie('document'), {
      minKeys: 1,
      maxKeys: 3,
      noNullPrototype: true,
    }),
  ),
}));

beforeAll(ready);

test.each(['G2', 'G3', 'G4'] as const)(
  'any document that @noble encrypts as %s opens, and is known by its tags',
  (generation) => {
    fc.assert(
      fc.property(
        document.filter((value) => typeof value === 'object' && value !== null),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        (value, master) => {
          const sealed = mapLeaves(value, (leaf, path) => SEAL[generation](master, path, textOf(leaf)));
          const opened = decodeLegacy({ data: JSON.stringify(sealed), master });
          expect(opened.generation).toBe(generation);
          expect(JSON.parse(fromUtf8(opened.plaintext))).toEqual(mapLeaves(value, textOf));
          const lost: string[] = [];
          mapLeaves(value, (leaf, path) => typeof leaf !== 'string' && lost.push(path));
          const told = opened.warnings.find(({ code }) => code === 'types_lost')?.places ?? [];
          expect(lost.filter((path) => !told.includes(path))).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  },
);
