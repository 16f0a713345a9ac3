import { beforeAll, expect, test } from '@jest/globals';
import { ready, wrapRoot } from '../../protocol/index.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { Kek, Keks } from '../../services/pipeline/ports/kms.ts';
import { parseKeks } from '../kms/kek-list.ts';
import { openRoots, type StoredRoot } from './open-root.ts';
import { SecretBytes, takeSecret } from './secret-bytes.ts';

beforeAll(() => ready());

const app = new Uint8Array(32).fill(1);
const refOf = (i: number) => ({ app, wallet: new Uint8Array(32).fill(i), rootVersion: 1 });
const kek = new Uint8Array(32).fill(0x11);
function stored(i: number, kekVersion: number): StoredRoot {
  const { wallet } = refOf(i);
  const userRoot = new Uint8Array(32).fill(0xaa);
  const wrapped = wrapRoot({ kek, kekVersion, app, wallet, userRoot, nonce: new Uint8Array(24).fill(i) });
  return { wrapped, epoch: 0, mode: 'service', subject: null };
}

/** Secrets are made through this one door, so that a test sees what becomes of them. */
async function made(work: () => Promise<unknown>): Promise<SecretBytes[]> {
  const secrets: SecretBytes[] = [];
  const real = SecretBytes.of32;
  SecretBytes.of32 = (bytes) => {
    const secret = real(bytes);
    secrets.push(secret);
    return secret;
  };
  try {
    await work();
  } finally {
    SecretBytes.of32 = real;
  }
  return secrets;
}
const all = (secrets: readonly Uint8Array[]) => secrets.flatMap((secret) => [...new Set(secret)]);

test('where one root of a question does not open, those that did are overwritten', async () => {
  const keks = parseKeks(`1 ${'11'.repeat(32)}`);
  const late: Keks = {
    ...keks,
    async version(version): Promise<Kek> {
      if (version === 2) throw new FatalError('kek_missing', 'gone');
      await new Promise((resolve) => setImmediate(resolve));
      return keks.version(version);
    },
  };
  const secrets = await made(async () => {
    const opening = openRoots(late, [1, 2, 3].map(refOf), [stored(1, 1), stored(2, 2), stored(3, 1)]);
    await expect(opening).rejects.toMatchObject({ code: 'kek_missing' });
  });
  expect(secrets).toHaveLength(2);
  expect(all(secrets)).toEqual([0, 0]);
  // The same look finds those that somebody got.
  const given = await made(() => openRoots(keks, [refOf(1)], [stored(1, 1)]));
  expect(all(given)).toEqual([0xaa]);
});

test('what is taken as a secret is overwritten where it stood, refused or not', () => {
  const [good, short] = [new Uint8Array(32).fill(5), new Uint8Array(31).fill(5)];
  expect([...takeSecret(good)]).toEqual(new Array(32).fill(5));
  expect(() => takeSecret(short)).toThrow(RangeError);
  expect(all([good, short])).toEqual([0, 0]);
});
