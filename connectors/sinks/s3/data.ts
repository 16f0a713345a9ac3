import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BOOKS } from '../folder/layout.ts';
import type { Listed, ObjectStore } from './store.ts';

/** Folders of tables: all but ours. */
export const tablesOf = async (store: ObjectStore): Promise<string[]> =>
  (await store.folders('')).filter((name) => name !== BOOKS);

/** Data objects of all tables, sorted: what a glob over `app=*` finds. @param app only its own */
export async function dataOf(store: ObjectStore, extension: string, app?: string): Promise<Listed[]> {
  const found: Listed[] = [];
  for (const table of await tablesOf(store)) {
    const below = await store.list(app === undefined ? `${table}/app=` : `${table}/app=${app}/`);
    found.push(...below.filter(({ name }) => name.endsWith(extension)));
  }
  return found;
}

/** Makes a local folder hold what a consumer of the prefix sees: everything but what is ours. */
export async function downloadAll(store: ObjectStore, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const table of await tablesOf(store)) {
    for (const { name } of await store.list(`${table}/`)) {
      await mkdir(join(folder, dirname(name)), { recursive: true });
      await store.download(name, join(folder, name));
    }
  }
}
