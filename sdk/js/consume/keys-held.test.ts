import { beforeAll, expect, test } from '@jest/globals';
import { encryptionKeyPairFromSeed, ready, sealScopeKey, toBase64url, toHex } from '../../../protocol/index.ts';
import { keysHeld } from './keys-held.ts';

beforeAll(() => ready());

test('a wallet whose keys are all sealed to another key is told of once, and what is sealed to this one is opened', () => {
  const [pair, old] = [1, 2].map((fill) => encryptionKeyPairFromSeed(new Uint8Array(32).fill(fill)));
  if (!pair || !old) throw new Error('two pairs');
  const key = new Uint8Array(32).fill(7);
  const sealed = (to: typeof pair) => ({
    ...{ scope: 'a', rootVersion: 1, epoch: 0, by: '', recipient: toHex(to.publicKey) },
    sealed: toBase64url(sealScopeKey(to.publicKey, key)),
  });
  const told: string[] = [];
  const open = keysHeld(pair, ({ code, message }) => told.push(`${code}: ${message.slice(0, 83)}`));
  const [one, two] = [new Uint8Array(32).fill(8), new Uint8Array(32).fill(9)];
  expect(open(one, [sealed(old)])).toEqual([]);
  expect(open(one, [sealed(old), sealed(old)])).toEqual([]);
  expect(open(two, [])).toEqual([]);
  expect(told).toEqual([`key_not_held: the keys of wallet ${toHex(one)}`]);
  expect(open(two, [sealed(old), sealed(pair)])).toEqual([{ scope: 'a', rootVersion: 1, epoch: 0, key }]);
  expect(open(two, [sealed(old)])).toEqual([]);
  expect(told).toHaveLength(2);
});
