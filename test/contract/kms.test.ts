import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createEnvKms } from '../../connectors/kms/env-kms.ts';
import { createFileKms } from '../../connectors/kms/file-kms.ts';
import { createMemoryKms } from '../../connectors/kms/memory-kms.ts';
import { kmsContract } from './kms.ts';

const ONE = `1 ${'11'.repeat(32)}`;
const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddc-kms-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

kmsContract('memory', async () => {
  const kms = createMemoryKms(ONE, random);
  return () => kms;
});

kmsContract('file', async () => {
  files += 1;
  const file = join(folder, `kek-${files}`);
  await writeFile(file, ONE);
  return () => createFileKms(file, performance, random);
});

test('the file stays private, and nothing is left beside it', async () => {
  const own = await mkdtemp(join(folder, 'own-'));
  const file = join(own, 'kek');
  await writeFile(file, ONE);
  await createFileKms(file, performance, random).create();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(own)).toEqual(['kek']);
});

test('a file that is not there says which variable names it', async () => {
  await expect(createFileKms('/nowhere/kek', performance, random).current()).rejects.toMatchObject({
    code: 'kek_file',
    message: expect.stringMatching(/DDC_KEK_FILE/),
  });
});

test('keys from the variable are read, and cannot be changed', async () => {
  const kms = createEnvKms(`${ONE},2 ${'22'.repeat(32)}`);
  expect(await kms.versions()).toEqual([1, 2]);
  expect((await kms.current()).version).toBe(2);
  await expect(kms.create()).rejects.toMatchObject({ code: 'kms_read_only' });
  await expect(kms.destroy(1)).rejects.toMatchObject({ code: 'kms_read_only' });
});
