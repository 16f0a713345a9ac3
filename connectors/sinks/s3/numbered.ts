import type { z } from 'zod';
import type { ObjectStore } from './store.ts';

/** Entries with numbers from 1 without gaps, each written once and never taken back. */
export interface NumberedLog<T> {
  /** Number 0 and null before the first. */
  last(): Promise<{ readonly number: number; readonly entry: T | null }>;
  /** The compare-and-set: writes the entry unless its number is taken. @returns whether it was free */
  append(number: number, entry: T): Promise<boolean>;
}

/**
 * `<folder>/<n>.json`. As no number is ever set free, the last one is found by asking for single names, farther and farther ahead and then between:
 * a few dozen, however long the log is, and one once it was found.
 */
export function numberedLog<T>(store: ObjectStore, folder: string, schema: z.ZodType<T>): NumberedLog<T> {
  let known: { number: number; entry: T | null } = { number: 0, entry: null };
  const nameOf = (number: number) => `${folder}/${String(number).padStart(10, '0')}.json`;

  async function look(number: number): Promise<boolean> {
    const found = await store.read(nameOf(number));
    if (found && number > known.number) known = { number, entry: schema.parse(JSON.parse(found.text)) };
    return found !== null;
  }

  return {
    async last() {
      let free = known.number + 1;
      for (let step = 1; await look(free); step *= 2) free += step;
      while (free > known.number + 1) {
        const middle = Math.floor((known.number + free) / 2);
        if (!(await look(middle))) free = middle;
      }
      return known;
    },
    async append(number, entry) {
      const free = await store.create(nameOf(number), `${JSON.stringify(entry)}\n`);
      if (free && number > known.number) known = { number, entry };
      return free;
    },
  };
}
