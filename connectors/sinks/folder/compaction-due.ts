import { posix } from 'node:path';
import type { CompactionLimits } from './compaction.ts';

/** What to look through: some folders of data, each with its last slash, or everything. */
export type Where = readonly string[] | 'everywhere';

/** When a member looks for small files: in a folder that got many from it, and everywhere once in the age at which few are merged. */
export interface CompactionDue {
  /** Files that a delivery placed, relative to the export. */
  placed(paths: readonly string[]): void;
  /** Null: nothing is due. */
  next(): Where | null;
  /** All that was to be merged there is. */
  done(where: Where): void;
}

/** @param elapsed milliseconds, of whatever beginning */
export function compactionDue({ files, ageMs }: CompactionLimits, elapsed: () => number): CompactionDue {
  const counts = new Map<string, number>();
  let everywhereAt = elapsed() + ageMs;
  return {
    placed(paths) {
      for (const path of paths) {
        const folder = `${posix.dirname(path)}/`;
        counts.set(folder, (counts.get(folder) ?? 0) + 1);
      }
    },
    next() {
      if (elapsed() >= everywhereAt) return 'everywhere';
      const full = [...counts].filter(([, count]) => count >= files).map(([folder]) => folder);
      return full.length === 0 ? null : full;
    },
    done(where) {
      for (const folder of where === 'everywhere' ? [...counts.keys()] : where) counts.delete(folder);
      if (where === 'everywhere') everywhereAt = elapsed() + ageMs;
    },
  };
}
