import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let folder = dirname(fileURLToPath(import.meta.url));
while (!existsSync(join(folder, 'package.json'))) {
  if (dirname(folder) === folder) throw new Error(`No package.json above ${fileURLToPath(import.meta.url)}.`);
  folder = dirname(folder);
}

/** The project's folder, found from the sources, from a build of them, and in an image. */
export const root = folder;
