import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../../stack/root.mjs';

/** Names of the packages of which something is in the bundle. */
function packagesIn(inputs: Readonly<Record<string, { bytesInOutput: number }>>): string[] {
  const names = Object.entries(inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** The licenses of packages, each text once, as it came with them. */
function licensesOf(names: readonly string[]): string {
  const packagesByText = new Map<string, string[]>();
  for (const name of names) {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
      string,
      string
    >;
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    if (file === undefined) throw new Error(`${name} came without the text of its license`);
    const text = readFileSync(join(folder, file), 'utf8').trim();
    packagesByText.set(text, [...(packagesByText.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const parts = [...packagesByText].map(([text, packages]) => `${packages.join('\n')}\n\n${text}\n`);
  return parts.join(`\n${'-'.repeat(80)}\n\n`);
}

/**
 * Writes `browser.js`: everything of an entry and of what it imports, wasm included, as one minified ESM file.
 * @param entry relative to the project
 * @returns the licenses of what is in it and is not ours
 */
export async function bundle(folder: string, entry = 'protocol/browser.ts'): Promise<string> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'eof',
    write: false,
    metafile: true,
    logLevel: 'error',
  });
  const [file] = outputFiles;
  const [output] = Object.values(metafile.outputs);
  if (file === undefined || output === undefined) throw new Error('esbuild gave no bundle');
  await writeFile(join(folder, 'browser.js'), file.contents);
  return licensesOf(packagesIn(output.inputs));
}
