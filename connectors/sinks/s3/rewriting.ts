import { join } from 'node:path';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import type { FileFormat, Found } from '../folder/folder-sink.ts';
import { type Change, type ChangeLog, each } from './change.ts';
import { dataOf } from './data.ts';
import type { Scratch } from './scratch.ts';
import type { Listed, ObjectStore } from './store.ts';

/** Objects that are looked through together: a delivery waits so long at most. */
const BYTES = 64 * 1024 * 1024;
const OBJECTS = 64;

interface Edges {
  readonly store: ObjectStore;
  readonly changes: ChangeLog<Change>;
  readonly format: FileFormat;
  readonly scratch: Scratch;
  readonly reach: NonNullable<SinkContext['reach']>;
}

/**
 * Writes objects anew without the rows that are to go, in place: a reader sees the one or the other. What came of one batch of them is one change; if somebody
 * changed something meanwhile, it is looked through again, and all of them once more if one had gone, as its rows may be elsewhere then.
 * @param serially runs one batch: nothing else uses the format meanwhile
 * @returns how many rows each selection took
 */
export async function rewriteAll(
  { store, changes, format, scratch, reach }: Edges,
  app: string,
  found: Found,
  serially: <T>(task: () => Promise<T>) => Promise<T>,
): Promise<number[]> {
  const counts: number[] = [];
  const count = (taken: readonly number[]) => {
    for (const [i, n] of taken.entries()) counts[i] = (counts[i] ?? 0) + n;
  };

  /** @returns null when somebody else made a change meanwhile; whether all were there */
  async function tryRewrite(objects: readonly Listed[], folder: string): Promise<boolean | null> {
    const { number } = await changes.head();
    const paths = new Map<string, string>();
    await each([...objects.entries()], async ([i, { name }]) => {
      const path = join(folder, `${number}-${i}${format.extension}`);
      if (await store.download(name, path)) paths.set(path, name);
    });
    const complete = paths.size === objects.length;
    const hits = await found.in([...paths.keys()].sort());
    if (hits.length === 0) return complete;
    const taken: (readonly number[])[] = [];
    const won = await changes.make(
      number + 1,
      async (staging) => {
        const [files, drops]: [Change['files'], string[]] = [[], []];
        for (const [i, path] of hits.entries()) {
          const name = paths.get(path) ?? '';
          const draft = join(folder, `draft-${number}-${i}${format.extension}`);
          const result = await found.takenFrom(path, draft);
          taken.push(result.taken);
          if (result.left === 0) drops.push(name);
          else {
            await store.upload(draft, `${staging}/${i}`);
            files.push({ staged: String(i), path: name, over: true });
          }
        }
        await reach('drafted');
        return { files, drops };
      },
      () => taken.forEach(count),
    );
    await reach('rewritten');
    return won ? complete : null;
  }

  async function rewrite(objects: readonly Listed[]): Promise<boolean> {
    for (;;) {
      const complete = await serially(() => scratch.use((folder) => tryRewrite(objects, folder)));
      if (complete !== null) return complete;
    }
  }

  for (;;) {
    let complete = true;
    for (const batch of batchesOf(await dataOf(store, format.extension, app))) {
      if (!(await rewrite(batch))) complete = false;
    }
    if (complete) return counts;
  }
}

/** Of one table each. */
function batchesOf(objects: readonly Listed[]): Listed[][] {
  const batches: Listed[][] = [];
  let [bytes, table] = [0, ''];
  for (const object of objects) {
    const of = object.name.slice(0, object.name.indexOf('/'));
    const batch = batches.at(-1);
    if (!batch || of !== table || batch.length >= OBJECTS || bytes + object.bytes > BYTES) {
      batches.push([object]);
      [bytes, table] = [object.bytes, of];
    } else {
      batch.push(object);
      bytes += object.bytes;
    }
  }
  return batches;
}
