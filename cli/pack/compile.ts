import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../stack/root.mjs';

/** Runs a program to its end. @throws Error with what it printed when it fails */
export async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${printed}${errors}`);
  return printed;
}

/** Files of a folder by the end of their names, relative to it. */
async function filesOf(folder: string, end: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries.filter((name) => name.endsWith(end)).sort();
}

/**
 * What declarations say for every tool: the compiler leaves `.ts` in their imports, and writes out a default of `Uint8Array` that compilers before
 * 5.7 do not know.
 */
async function widenDeclarations(folder: string): Promise<void> {
  for (const name of await filesOf(folder, '.d.ts')) {
    const text = await readFile(join(folder, name), 'utf8');
    const named = text.replace(/(\bfrom |\bimport\()(["'])(\.[^"']+)\.ts\2/g, '$1$2$3.js$2');
    await writeFile(join(folder, name), named.replaceAll('Uint8Array<ArrayBufferLike>', 'Uint8Array'));
  }
}

/**
 * Compiles `protocol/`, one JavaScript file and one declaration per source, without any type of Node.
 * @returns the packages that the JavaScript imports
 */
export async function compile(folder: string): Promise<string[]> {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [compiler, '-p', 'protocol/tsconfig.package.json', '--outDir', folder], root);
  await widenDeclarations(folder);
  const imported = new Set<string>();
  for (const name of await filesOf(folder, '.js')) {
    const text = await readFile(join(folder, name), 'utf8');
    for (const [, from] of text.matchAll(/^(?:import|export)\b[^'"=]*\bfrom ["']([^."'][^"']*)["']/gm))
      imported.add(from as string);
  }
  return [...imported].sort();
}
