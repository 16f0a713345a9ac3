import { join } from 'node:path';
import type { HeldRows } from '../../../services/pipeline/ports/sink.ts';
import { type FileReader, placeOf } from '../folder/held.ts';
import { dataOf } from './data.ts';
import type { Scratch } from './scratch.ts';
import type { ObjectStore } from './store.ts';

interface Edges {
  readonly store: ObjectStore;
  readonly format: FileReader;
  readonly scratch: Scratch;
}

/**
 * Shows the rows of every object that a listing finds, one object on this machine at a time. One that goes meanwhile was merged or erased: then
 * what was not there before is read too, as `folder/held.ts` does.
 */
export async function heldObjects(
  { store, format, scratch }: Edges,
  show: (some: HeldRows) => Promise<void>,
): Promise<void> {
  const seen = new Set<string>();

  /** @returns false when the object is not there any more */
  const read = (name: string) =>
    scratch.use(async (folder) => {
      const path = join(folder, `held${format.extension}`);
      if (!(await store.download(name, path))) return false;
      const { table, app } = placeOf(name);
      for await (const rows of format.read(path, app)) await show({ table, place: `${store.address}${name}`, rows });
      return true;
    });

  for (let complete = false; !complete; ) {
    complete = true;
    for (const { name } of await dataOf(store, format.extension)) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (!(await read(name))) complete = false;
    }
  }
}
