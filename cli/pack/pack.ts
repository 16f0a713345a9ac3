import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { root } from '../../stack/root.mjs';
import { bundle } from './bundle.ts';
import { compile, run } from './compile.ts';
import { packageManifest } from './manifest.ts';

const VECTORS = ['protocol-v1.json', 'protocol-v1-extra.json', 'requests-v1.json', 'blobs-v1.json', 'cere-legacy.json'];

/** Lays out the package in a folder: what will be in the tarball, and nothing else. */
export async function layOut(folder: string): Promise<void> {
  const dist = join(folder, 'dist');
  const imported = await compile(dist);
  await writeFile(join(folder, 'THIRD-PARTY-LICENSES.txt'), await bundle(dist));
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(packageManifest(imported), null, 2)}\n`);
  // In the repository docs/ is beside protocol/, in the package beside the README.
  const readme = await readFile(join(root, 'protocol/README.md'), 'utf8');
  await writeFile(join(folder, 'README.md'), readme.replaceAll('](../docs/', '](docs/'));
  for (const file of ['LICENSE', 'docs/formats.md', 'docs/legacy.md', 'docs/api'])
    await cp(join(root, file), join(folder, file), { recursive: true });
  for (const file of VECTORS) await cp(join(root, 'test/vectors', file), join(folder, 'vectors', file));
}

/**
 * Makes `cere-ddc-protocol-<version>.tgz`.
 * @param target the folder that it goes to; made when it is not there
 * @returns the absolute path of the tarball
 */
export async function pack(target: string): Promise<string> {
  const draft = await mkdtemp(join(tmpdir(), 'ddc-pack-'));
  try {
    await layOut(draft);
    const destination = resolve(target);
    await mkdir(destination, { recursive: true });
    const printed = await run(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', destination, draft],
      draft,
    );
    const [{ filename }] = JSON.parse(printed) as [{ filename: string }];
    return join(destination, filename);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
