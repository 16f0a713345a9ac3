import { access, link, mkdir, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import type { Delivery } from '../../../services/pipeline/ports/sink.ts';
import { failedWith, place, sync } from './durable.ts';

/** Folder beside the data with everything that is not data. A glob over `app=*` never looks into it. */
export const BOOKS = '_ddc';

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

/** The commits of one partition, numbered from 1 without gaps. */
export interface CommitLog {
  /** The last commit, its files in place; number 0 and null before the first. */
  head(): Promise<{ number: number; commit: Commit | null }>;
  /** Whose staging folder commit `number` came from; null while the number is free. Completes nothing. */
  stagingOf(number: number): Promise<string | null>;
  /** A new folder of our own for the files of commit `number`. */
  stage(number: number): Promise<string>;
  /** Makes the commit if `number` is still free: this is the compare-and-set. @returns whether it was. */
  append(number: number, staging: string, delivery: Delivery, rows: number, files: Commit['files']): Promise<boolean>;
  /** Moves the files of a commit into place. Idempotent. */
  complete(commit: Commit): Promise<void>;
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

  /** Files staged for a number that is taken can never count. */
  async function sweep(upTo: number): Promise<void> {
    for (const name of await readdir(staging)) {
      if (Number.parseInt(name, 10) <= upTo) await rm(join(staging, name), { recursive: true, force: true });
    }
  }

  return {
    complete,
    async head() {
      const number = await lastNumber();
      if (number === 0) return { number, commit: null };
      const commit = await read(number);
      await complete(commit);
      return { number, commit };
    },
    async stagingOf(number) {
      return (await lastNumber()) < number ? null : (await read(number)).staging;
    },
    async stage(number) {
      await mkdir(staging, { recursive: true });
      return mkdtemp(join(staging, `${String(number).padStart(10, '0')}-`));
    },
    async append(number, folder, delivery, rows, files) {
      const { partition: _, ...where } = delivery;
      const commit: Commit = { partition, ...where, rows, staging: basename(folder), files };
      const draft = join(folder, 'commit.json');
      await writeFile(draft, `${JSON.stringify(commit)}\n`, { flag: 'wx' });
      await sync(draft);
      await sync(folder);
      try {
        await link(draft, join(books, fileName(number)));
      } catch (error) {
        if (failedWith(error, 'EEXIST')) return false;
        throw error;
      }
      await sync(books);
      reach('committed');
      await unlink(draft);
      await complete(commit);
      reach('placed');
      await sweep(number);
      return true;
    },
  };
}

async function lastListed(books: string): Promise<number> {
  try {
    const names = await readdir(books);
    return names.reduce(
      (last, name) => (/^\d{10}\.json$/.test(name) ? Math.max(last, Number.parseInt(name, 10)) : last),
      0,
    );
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return 0;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return false;
    throw error;
  }
}
