import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { ready, toHex } from '../../../protocol/index.ts';
import { RootsDestroyed } from '../errors.ts';
import { type KeyStore, memoryKeyStore } from './key-store.ts';
import { type HeldRoot, OwnRoots } from './own-roots.ts';

beforeAll(() => ready());

const root = () => new Uint8Array(randomBytes(32));
const bytesOf = ({ root: { bytes } }: HeldRoot) => toHex(bytes);
const NOTHING = '00'.repeat(32);

test('what a change replaces is overwritten: one copy of a root is held, and none after its destruction', async () => {
  const userRoot = root();
  const store = memoryKeyStore();
  const roots = await OwnRoots.open(store);
  const made = (await roots.made(userRoot)) as HeldRoot;
  const begun = await roots.begin(made, 3);
  const next = await roots.nextEpoch(begun);
  await roots.end();
  const past = roots.of(made.subject) as HeldRoot;
  expect([made, begun, next].map(bytesOf)).toEqual([NOTHING, NOTHING, NOTHING]);
  expect(bytesOf(past)).toBe(toHex(userRoot));
  expect(await store.load()).toEqual([{ userRoot, epoch: 4, state: 'past' }]);
  await roots.destroy();
  expect(bytesOf(past)).toBe(NOTHING);
  await expect(roots.begin(past, 0)).rejects.toThrow(RootsDestroyed);
});

test('changes of one root at once, by a store that writes late: it never gets bytes that were overwritten', async () => {
  const userRoot = root();
  const kept = memoryKeyStore();
  const late: KeyStore = { ...kept, save: (one) => new Promise((done) => setImmediate(() => done(kept.save(one)))) };
  const roots = await OwnRoots.open(late);
  const made = (await roots.made(userRoot)) as HeldRoot;
  await Promise.all([roots.begin(made, 0), roots.begin(made, 1)]);
  // From an answer that came late: the object is of before the other changes.
  const current = await roots.begin(made, 2);
  expect([bytesOf(current), roots.current]).toEqual([toHex(userRoot), current]);
  expect(await kept.load()).toEqual([{ userRoot, epoch: 2, state: 'current' }]);
});
