import { types } from 'node:util';
import { RetriableError } from '../../../services/pipeline/errors.ts';

const FULL = 'Free space there, or raise its quota.';
const CLOSED = 'Make it writable again.';
const AWAY = 'Mount it again, or put it back.';
const BROKEN = 'Look at its disk and at the way to it.';
const LIMITS = 'Raise the limits of this process.';

/** What file systems say when they, not we, are at fault, and what to do then. */
const WEATHER: Readonly<Record<string, string>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: CLOSED,
  EACCES: CLOSED,
  EPERM: CLOSED,
  ENOENT: AWAY,
  ENODEV: AWAY,
  ENOTCONN: AWAY,
  ENXIO: AWAY,
  ESTALE: AWAY,
  EIO: BROKEN,
  EREMOTEIO: BROKEN,
  EBUSY: BROKEN,
  ETIMEDOUT: BROKEN,
  EHOSTDOWN: BROKEN,
  EMFILE: LIMITS,
  ENFILE: LIMITS,
  ENOMEM: LIMITS,
  EAGAIN: LIMITS,
};

/** DuckDB reports the file system in words only: those of `strerror`. */
const DUCKDB_IO = /^IO Error: /;
const IN_WORDS: readonly (readonly [RegExp, string])[] = [
  [/no space left|disk quota exceeded/i, FULL],
  [/permission denied|read-only file system|not permitted/i, CLOSED],
  [/no such file or directory|no such device|stale file handle/i, AWAY],
  [/too many open files|cannot allocate memory/i, LIMITS],
];

const adviceInWords = (message: string): string | undefined =>
  DUCKDB_IO.test(message) ? (IN_WORDS.find(([words]) => words.test(message))?.[1] ?? BROKEN) : undefined;

/** Errors of a folder's file system become RetriableError `sink_unavailable`; everything else is passed through: it is a bug. */
export function toSinkError(error: unknown, root: string): unknown {
  // Not `instanceof`: errors of Node itself may come from another realm (a test's sandbox).
  if (!types.isNativeError(error) || error instanceof RetriableError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const advice = Object.hasOwn(WEATHER, code) ? WEATHER[code] : adviceInWords(error.message);
  if (advice === undefined) return error;
  return new RetriableError(
    'sink_unavailable',
    `The export folder ${root} cannot be used for now: ${error.message}. ${advice} It is tried again until then.`,
    { cause: error },
  );
}
