import { join } from 'node:path';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { type CompactionLimits, type Merge, mergesOf, partitionOf } from '../folder/compaction.ts';
import type { Where } from '../folder/compaction-due.ts';
import { MERGES_AT_ONCE, type Merging } from '../folder/merging.ts';
import { type Change, type ChangeLog, each } from './change.ts';
import { dataOf } from './data.ts';
import type { PositionLog } from './position-log.ts';
import type { Scratch } from './scratch.ts';
import type { Listed, ObjectStore } from './store.ts';

interface Edges {
  readonly store: ObjectStore;
  readonly changes: ChangeLog<Change>;
  readonly format: Merging;
  readonly scratch: Scratch;
  readonly logOf: (partition: number) => Pick<PositionLog, 'head'>;
  readonly limits: CompactionLimits;
  readonly reach: NonNullable<SinkContext['reach']>;
}

/**
 * Merges small objects, in the folders that it is told of or in all. The merged object is copied into place, and then those that went into it are deleted,
 * in one request for up to a thousand: between the two, readers see these rows twice.
 * @returns whether that was all there is to merge
 */
export async function compact(
  { store, changes, format, scratch, logOf, limits, reach }: Edges,
  where: Where,
): Promise<boolean> {
  async function listed(): Promise<Listed[]> {
    if (where === 'everywhere') return dataOf(store, format.extension);
    const found: Listed[] = [];
    for (const folder of where) found.push(...(await store.list(folder)));
    return found.filter(({ name }) => name.endsWith(format.extension));
  }

  async function tryMerge(number: number, { from, to }: Merge): Promise<boolean> {
    return scratch.use(async (folder) => {
      const paths = from.map((_, i) => join(folder, `${i}${format.extension}`));
      const there: string[] = [];
      await each([...from.entries()], async ([i, name]) => {
        const path = paths[i] ?? '';
        if (await store.download(name, path)) there.push(path);
      });
      // Somebody else changed something: the next compaction sees what there is then.
      if (there.length < from.length) return false;
      const draft = join(folder, `merged${format.extension}`);
      await format.merge(paths, draft);
      return changes.make(number + 1, async (staging) => {
        await store.upload(draft, `${staging}/0`);
        await reach('drafted');
        return { files: [{ staged: '0', path: to, over: false }], drops: [...from] };
      });
    });
  }

  // In this order: what is listed and is not staged any more, nobody can put into place once more.
  await changes.head();
  const objects = await listed();
  // What the store says of its time may lag.
  const now = objects.reduce((latest, { time }) => Math.max(latest, time), store.now());
  const merges = mergesOf(objects, now, limits);
  for (const partition of new Set(merges.map(({ to }) => partitionOf(to)))) await logOf(partition).head();
  for (const merge of merges.slice(0, MERGES_AT_ONCE)) {
    const { number } = await changes.head();
    if (!(await tryMerge(number, merge))) return false;
  }
  return merges.length <= MERGES_AT_ONCE;
}
