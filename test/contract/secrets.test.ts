import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFolderSecrets } from '../../connectors/secrets/folder-secrets.ts';
import { createMemorySecrets } from '../../connectors/secrets/memory-secrets.ts';
import type { Secrets } from '../../services/pipeline/ports/secrets.ts';

const APP = '0a'.repeat(32);
const WALLET = '0b'.repeat(32);
const OPERATOR = { by: 'operator', app: APP } as const;
const KNOWN = { warehouse: 'pa ss\nword', [`${APP}/warehouse`]: "the app's", [`${WALLET}/hook`]: "the partner's" };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddc-secrets-'));
  for (const [place, text] of Object.entries(KNOWN)) {
    await mkdir(join(folder, place, '..'), { recursive: true });
    await writeFile(join(folder, place), `${text}\n`);
  }
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ends: [string, () => Secrets][] = [
  ['memory', () => createMemorySecrets(new Map(Object.entries(KNOWN)))],
  ['folder', () => createFolderSecrets(folder)],
];
describe.each(ends)('Secrets: %s', (_, open) => {
  test('everybody names their own', async () => {
    expect(await open().read('warehouse', OPERATOR)).toBe('pa ss\nword');
    expect(await open().read('warehouse', { by: 'app', app: APP })).toBe("the app's");
    expect(await open().read('hook', { by: `wallet:${WALLET}`, app: APP })).toBe("the partner's");
  });

  test.each([
    ['another app', 'warehouse', { by: 'app', app: '0c'.repeat(32) }],
    ['an app of a partner', 'hook', { by: 'app', app: APP }],
    ['a name that is none', 'nothing', OPERATOR],
    ['a way out', '../warehouse', { by: 'app', app: APP }],
    ["a way into another's", `${APP}/warehouse`, OPERATOR],
  ] as const)('nothing for %s, and no secret in what is said of it', async (_name, name, of) => {
    await expect(open().read(name, of)).rejects.toMatchObject({ code: 'no_secret' });
  });
});

test('without a folder there are none', async () => {
  await expect(createFolderSecrets('').read('warehouse', OPERATOR)).rejects.toThrow('DDC_SECRETS_FOLDER is not set');
});
