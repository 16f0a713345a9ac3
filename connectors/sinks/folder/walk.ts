import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failedWith } from './durable.ts';

/** Data files (those under `app=…`) below the export folder that end with `extension`, sorted: what a glob finds. */
export async function walk(root: string, extension: string, app?: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await namesIn(root)) {
    if (app === undefined ? !name.startsWith('app=') : name !== `app=${app}`) continue;
    for (const day of await namesIn(join(root, name))) {
      const folder = join(root, name, day);
      for (const file of await namesIn(folder)) if (file.endsWith(extension)) found.push(join(folder, file));
    }
  }
  return found.sort();
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return [];
    throw error;
  }
}
