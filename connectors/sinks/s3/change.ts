import { z } from 'zod';
import type { NumberedLog } from './numbered.ts';
import type { ObjectStore } from './store.ts';

/** What has to happen to objects that readers see, once it was decided that it does. */
export const changeSchema = z.object({
  /** Folder of the staged objects. */
  staging: z.string(),
  /** `over`: it takes the place of what stands there. */
  files: z.array(z.object({ staged: z.string(), path: z.string(), over: z.boolean() })),
  /** Names that go once the files are in place. */
  drops: z.array(z.string()),
});
export type Change = z.infer<typeof changeSchema>;

const AT_ONCE = 8;

/** Runs `work` for all of them, a few at a time. */
export async function each<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const waiting = [...all].reverse();
  const worker = async () => {
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) await work(one);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, worker));
}

/** A log of changes of which all but the last are done: whoever looks at the last one does it, unless it is done. */
export interface ChangeLog<T extends Change> {
  /** The last change, done. */
  head(): Promise<{ readonly number: number; readonly entry: T | null }>;
  /**
   * Makes a change if `number` is still free, and does it.
   * @param stage uploads the staged objects to the folder it is given
   * @param decided awaited between the two
   * @returns false when somebody else took the number: nothing of what was staged is left then
   */
  make(
    number: number,
    stage: (staging: string) => Promise<Omit<T, 'staging'>>,
    decided?: () => unknown,
  ): Promise<boolean>;
  /** Deletes what was staged for numbers that are taken: it can never count. */
  sweep(): Promise<void>;
}

/**
 * There is no rename: a staged object is copied to its place, and deleted when all are. So the copy of somebody who slept finds no source, and can bring
 * nothing back that was changed meanwhile.
 * @param unique makes the names of staging folders unlike any other
 */
export function changeLog<T extends Change>(
  store: ObjectStore,
  folder: string,
  log: NumberedLog<T>,
  unique: () => Promise<string>,
): ChangeLog<T> {
  const staging = `${folder}/staging/`;
  let done = 0;

  async function complete(number: number, { staging: from, files, drops }: Change): Promise<void> {
    if (done >= number) return;
    await each(files, ({ staged, path, over }) => store.copy(`${from}/${staged}`, path, over));
    await store.remove(drops);
    await store.remove(files.map(({ staged }) => `${from}/${staged}`));
    done = number;
  }

  async function head() {
    const last = await log.last();
    if (last.entry) await complete(last.number, last.entry);
    return last;
  }

  async function unstage(from: string): Promise<void> {
    await store.remove((await store.list(`${from}/`)).map(({ name }) => name));
  }

  return {
    head,

    async make(number, stage, decided = () => {}) {
      const from = `${staging}${String(number).padStart(10, '0')}-${await unique()}`;
      let content: Omit<T, 'staging'>;
      try {
        content = await stage(from);
      } catch (error) {
        // What cannot be deleted now is swept once the number is taken.
        await unstage(from).catch(() => undefined);
        throw error;
      }
      const change = { ...content, staging: from } as T;
      // Where the answer is lost, the change may have been made: nothing is deleted then.
      if (!(await log.append(number, change))) {
        await unstage(from);
        return false;
      }
      await decided();
      await complete(number, change);
      return true;
    },

    async sweep() {
      const { number } = await head();
      const isOver = ({ name }: { readonly name: string }) => Number.parseInt(name.slice(staging.length), 10) <= number;
      await each((await store.unfinished(staging)).filter(isOver), (upload) => store.abort(upload));
      await store.remove((await store.list(staging)).filter(isOver).map(({ name }) => name));
    },
  };
}
