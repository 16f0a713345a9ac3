import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './root.mjs';

let folder: string | undefined;

/** Where the JavaScript of this process' sources is. Only tests run from the sources themselves: for them it is made. */
function builtFolder(): string {
  if (import.meta.url.endsWith('.js')) return fileURLToPath(new URL('..', import.meta.url));
  const env = { ...process.env, NODE_OPTIONS: '' };
  return execFileSync(process.execPath, [join(root, 'stack/build.mjs')], { env, encoding: 'utf8' });
}

/**
 * `node` arguments that run a source file as a process of its own.
 * @param source relative to the project, such as `services/api/main.ts`
 */
export function nodeArguments(source: string): string[] {
  folder ??= builtFolder();
  return ['--enable-source-maps', join(folder, source.replace(/\.ts$/, '.js'))];
}
