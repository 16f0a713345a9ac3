import { expect, test } from '@jest/globals';
import { ready, sealTransit, transitKeyPair } from './index.ts';
import { randomWords } from './random-words.ts';

test('no word comes twice, over several fillings', () => {
  const next = randomWords();
  const words = Array.from({ length: 2_000 }, next);
  expect(words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)).toBe(true);
  // Of 2,000 random words two are the same once in about 2,000 runs; three pairs never.
  expect(new Set(words).size).toBeGreaterThan(1_997);
});

test('ephemeral keys of sealed boxes are all different', async () => {
  await ready();
  const { publicKey } = transitKeyPair(new Uint8Array(32).fill(7));
  const keys = Array.from({ length: 500 }, () =>
    Buffer.from(sealTransit(publicKey, new Uint8Array(4)).subarray(0, 32)).toString('hex'),
  );
  expect(new Set(keys).size).toBe(500);
});
