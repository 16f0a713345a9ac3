import { join } from 'node:path';
import { BOOKS } from './layout.ts';
import { isFolder, namesIn } from './tolerant.ts';

const OF_APP = 'app=';

/** Folders of the tables that an export folder holds, sorted: those with data below them. */
export async function tablesIn(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await namesIn(root)) {
    const folder = join(root, name);
    if (name === BOOKS || !(await isFolder(folder))) continue;
    if ((await namesIn(folder)).some((inner) => inner.startsWith(OF_APP))) found.push(folder);
  }
  return found.sort();
}

/** Data files (those under `app=…`) of a table's folder that end with `extension`, sorted: what a glob finds. */
export async function walk(table: string, extension: string, app?: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await namesIn(table)) {
    if (app === undefined ? !name.startsWith(OF_APP) : name !== `${OF_APP}${app}`) continue;
    for (const day of await namesIn(join(table, name))) {
      const folder = join(table, name, day);
      for (const file of await namesIn(folder)) if (file.endsWith(extension)) found.push(join(folder, file));
    }
  }
  return found.sort();
}
