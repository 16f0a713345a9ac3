import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { z } from 'zod';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import type { CommitLog } from './commit-log.ts';
import { type CompactionLimits, type Merge, mergesOf, type PlacedFile, partitionOf } from './compaction.ts';
import type { Where } from './compaction-due.ts';
import { discard, place, sync, syncAll } from './durable.ts';
import type { EraseLock } from './erase-lock.ts';
import { BOOKS } from './layout.ts';
import { failedWith, namesIn, unlessGone } from './tolerant.ts';
import { tablesIn, walk } from './walk.ts';

/** How files become one. */
export interface Merging {
  /** With its dot. */
  readonly extension: string;
  /** Writes one file with the rows of these, in their order. Of columns that some have, the others have null. */
  merge(from: readonly string[], to: string): Promise<void>;
}

/** A delivery waits for so many merges at most. */
export const MERGES_AT_ONCE = 4;
const DECIDED = 'merge-';
const planSchema = z.object({ from: z.array(z.string()), to: z.string() });

/** Carries out a merge that was decided; whoever else does the same finds nothing left to do, also when it slept over it. */
async function endMerge(root: string, folder: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(join(folder, 'plan.json'), 'utf8');
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return;
    throw error;
  }
  const { from, to } = planSchema.parse(JSON.parse(text));
  await place(root, [{ from: join(folder, 'merged'), to: join(root, to) }]);
  // Names that go never come again, so this removes nothing that is newer.
  for (const name of from) await unlessGone(rm(join(root, name)));
  await sync(dirname(join(root, to)));
  await discard(root, folder, basename(folder));
}

/** Carries out what was decided by whoever died then. */
export async function endMerges(root: string): Promise<void> {
  for (const name of await namesIn(join(root, BOOKS)))
    if (name.startsWith(DECIDED)) await endMerge(root, join(root, BOOKS, name));
}

interface Edges {
  readonly root: string;
  readonly merging: Merging;
  readonly limits: CompactionLimits;
  readonly lock: EraseLock;
  readonly serially: <T>(task: () => Promise<T>) => Promise<T>;
  readonly logOf: (partition: number) => Pick<CommitLog, 'head'>;
  readonly reach: NonNullable<SinkContext['reach']>;
}

/**
 * Merges small files. A merge is a folder with the merged file and a plan, moved out of the drafts of whoever holds the lock: that decides it. Then the file is
 * moved to its place, and those that went into it are deleted: between the two, readers see these rows twice.
 * @returns whether that was all there is to merge
 */
export function mergeFiles(
  { root, merging, limits, lock, serially, logOf, reach }: Edges,
  where: Where,
): Promise<boolean> {
  async function paths(): Promise<string[]> {
    const found: string[] = [];
    if (where === 'everywhere') {
      for (const table of await tablesIn(root)) found.push(...(await walk(table, merging.extension)));
    } else {
      for (const folder of where)
        for (const name of await namesIn(join(root, folder))) found.push(join(root, folder, name));
    }
    return found.filter((path) => path.endsWith(merging.extension));
  }

  async function listed(): Promise<PlacedFile[]> {
    const files: PlacedFile[] = [];
    for (const path of await paths()) {
      const { size, mtimeMs } = await stat(path);
      files.push({ name: relative(root, path).split(sep).join('/'), bytes: size, time: mtimeMs });
    }
    return files;
  }

  async function make({ from, to }: Merge, draft: string): Promise<void> {
    const merged = join(draft, 'merged');
    await merging.merge(
      from.map((name) => join(root, name)),
      merged,
    );
    await writeFile(join(draft, 'plan.json'), JSON.stringify({ from, to }));
    await syncAll([merged, join(draft, 'plan.json')]);
    await sync(draft);
    await reach('drafted');
    const decided = join(root, BOOKS, basename(draft));
    await rename(draft, decided);
    await sync(dirname(decided));
    await reach('rewritten');
    await endMerge(root, decided);
  }

  return lock.hold((drafts) =>
    serially(async () => {
      await endMerges(root);
      const draftOf = async (n: number) => {
        const draft = join(drafts, `${DECIDED}${basename(drafts)}-${n}`);
        await mkdir(draft);
        return draft;
      };
      // By the clock of the file system, which is the one that files have their times of.
      const now = (await stat(await draftOf(-1))).mtimeMs;
      const merges = mergesOf(await listed(), now, limits);
      // Files that are listed are in place: their commits are done from here on.
      for (const partition of new Set(merges.map(({ to }) => partitionOf(to)))) await logOf(partition).head();
      for (const [n, merge] of merges.slice(0, MERGES_AT_ONCE).entries()) await make(merge, await draftOf(n));
      return merges.length <= MERGES_AT_ONCE;
    }),
  );
}
