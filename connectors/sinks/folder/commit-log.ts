import { link, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { START } from '../../../services/pipeline/ports/positions.ts';
import type { Delivery } from '../../../services/pipeline/ports/sink.ts';
import { discard, place, sync } from './durable.ts';
import { BOOKS } from './layout.ts';
import { exists, makeFolder, namesIn } from './tolerant.ts';

const position = z.object({ next: z.number().int(), mark: z.number().int() });
const commitSchema = z.object({
  partition: z.number().int(),
  from: position,
  to: position,
  first: z.number().int(),
  last: z.number().int(),
  rows: z.number().int(),
  /** Folder under `staging/` that the files were written to. */
  staging: z.string(),
  files: z.array(z.object({ staged: z.string(), path: z.string() })),
});

/** One delivery that counts: its position and its files, stored as one file. */
export type Commit = z.infer<typeof commitSchema>;

/** What a commit holds: the rows it counts, and its files by their staged names. */
export type Content = Pick<Commit, 'rows' | 'files'>;

/** The commits of one partition, numbered from 1 without gaps. */
export interface CommitLog {
  /** Makes its folder. Whatever reads afterwards what is erased, reads what an erasure wrote that did not find this partition. */
  begin(): Promise<void>;
  /** The last commit, its files in place; number 0 and null before the first. */
  head(): Promise<{ number: number; commit: Commit | null }>;
  /**
   * Makes a commit if `number` is still free when it is written: this is the compare-and-set.
   * @param write writes the files into the folder it is given
   * @returns false when somebody else took the number; nothing of what was written is left then
   */
  commit(number: number, delivery: Delivery, write: (staging: string) => Promise<Content>): Promise<boolean>;
  /** Takes the next number with a commit that moves nothing: whatever was staged for it, by whomever, can never count, and is deleted. */
  bar(): Promise<void>;
  /** Deletes what was staged for numbers that are taken. */
  sweep(): Promise<void>;
}

const fileName = (number: number) => `${String(number).padStart(10, '0')}.json`;

/**
 * The truth about which files count: `_ddc/<partition>/<n>.json`, each created once, by `link`, with its whole content.
 * Commits are never removed (a removed number could be taken again by a process that slept).
 */
export function commitLog(root: string, partition: number, reach: NonNullable<SinkContext['reach']>): CommitLog {
  const books = join(root, BOOKS, String(partition));
  const staging = join(books, 'staging');
  let known = 0;

  const read = async (number: number): Promise<Commit> =>
    commitSchema.parse(JSON.parse(await readFile(join(books, fileName(number)), 'utf8')));

  /** Numbers have no gaps and are never taken back: after one listing it is enough to look for the next. */
  async function lastNumber(): Promise<number> {
    if (known === 0) known = await lastListed(books);
    while (known > 0 && (await exists(join(books, fileName(known + 1))))) known += 1;
    return known;
  }

  async function complete(commit: Commit): Promise<void> {
    const from = join(staging, commit.staging);
    await place(
      root,
      commit.files.map((file) => ({ from: join(from, file.staged), to: join(root, file.path) })),
    );
    await rm(from, { recursive: true, force: true });
  }

  const unstage = (folder: string) => discard(root, folder, `${partition}-${basename(folder)}`);

  /** Files staged for a number that is taken can never count. */
  async function sweep(upTo: number): Promise<void> {
    for (const name of await namesIn(staging)) {
      if (Number.parseInt(name, 10) <= upTo) await unstage(join(staging, name));
    }
  }

  async function head() {
    const number = await lastNumber();
    if (number === 0) return { number, commit: null };
    const commit = await read(number);
    await complete(commit);
    return { number, commit };
  }

  /** Links a commit to its number. @throws with EEXIST where that is taken */
  async function append(number: number, folder: string, commit: Commit): Promise<void> {
    const draft = join(folder, 'commit.json');
    await writeFile(draft, `${JSON.stringify(commit)}\n`, { flag: 'wx' });
    await sync(draft);
    await sync(folder);
    // Once it counts it must be found: a staged folder whose name a power cut took away would look as if it had been moved.
    await sync(staging);
    await link(draft, join(books, fileName(number)));
    await sync(books);
    await reach('committed');
    await complete(commit);
    await reach('placed');
    await sweep(number);
  }

  async function commit(number: number, delivery: Delivery, write: (folder: string) => Promise<Content>) {
    const folder = await mkdtemp(join(staging, `${String(number).padStart(10, '0')}-`));
    const { partition: _, ...where } = delivery;
    try {
      await append(number, folder, { partition, ...where, staging: basename(folder), ...(await write(folder)) });
      return true;
    } catch (error) {
      // Whoever takes our number sweeps what was staged for it: whatever failed then, we did not fail, we lost.
      const winner = (await lastNumber()) < number ? null : (await read(number)).staging;
      if (winner === basename(folder)) throw error;
      await unstage(folder);
      if (winner === null) throw error;
      return false;
    }
  }

  return {
    // Not recursive: where `_ddc` is gone, the export's disk is, and a new folder in its stead would start again from nothing.
    async begin() {
      if (await makeFolder(books)) await sync(dirname(books));
      if (await makeFolder(staging)) await sync(books);
    },
    head,
    commit,
    async bar() {
      await makeFolder(staging);
      for (;;) {
        const { number, commit: last } = await head();
        // It tells the same delivery again: whoever repeats that one is still told that it is there.
        const again = last ?? { partition, from: START, to: START, first: 0, last: -1 };
        const { from, to, first, last: end } = again;
        const nothing = async () => ({ rows: 0, files: [] });
        if (await commit(number + 1, { partition, from, to, first, last: end }, nothing)) return;
      }
    },
    sweep: async () => sweep((await head()).number),
  };
}

async function lastListed(books: string): Promise<number> {
  return (await namesIn(books)).reduce(
    (last, name) => (/^\d{10}\.json$/.test(name) ? Math.max(last, Number.parseInt(name, 10)) : last),
    0,
  );
}
