import { join } from 'node:path';
import { namesIn } from './tolerant.ts';

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
