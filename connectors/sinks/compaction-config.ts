import { z } from 'zod';
import type { CompactionLimits } from './folder/compaction.ts';

const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;

/** What sinks that write files let their users say about small ones. */
export const compactionFields = {
  fileMib: z
    .number()
    .positive()
    .max(2_048)
    .default(128)
    .describe('Size that small files are merged to; what is as large is left alone.'),
  smallFiles: z
    .int()
    .min(0)
    .default(32)
    .describe('So many small files of one day, partition and version are merged, however young. 0: none ever are.'),
  smallFileMinutes: z
    .number()
    .positive()
    .default(60)
    .describe('Small files that are older are merged with their neighbours, however few. Looked for as often.'),
};

/** Of a sink that spreads these into its configuration. */
export const compactionMembers = { fileMib: 'free', smallFiles: 'free', smallFileMinutes: 'free' } as const;

type Said = Readonly<Record<keyof typeof compactionFields, number>>;

/** Null: nothing is ever merged. */
export const compactionLimits = ({ fileMib, smallFiles, smallFileMinutes }: Said): CompactionLimits | null =>
  smallFiles === 0 ? null : { bytes: fileMib * MIB, ageMs: smallFileMinutes * MINUTE_MS, files: smallFiles };
