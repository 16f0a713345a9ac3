import { access, mkdir, readdir, stat } from 'node:fs/promises';

type Expected = 'ENOENT' | 'EEXIST' | 'ENOTEMPTY';

/** Whether an error of `node:fs` has one of these codes. */
export function failedWith(error: unknown, ...codes: readonly Expected[]): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && codes.some((code) => error.code === code);
}

/** Answers `otherwise` where the call failed with one of these codes: members of an export work in one folder. */
async function unless<T>(call: Promise<T>, otherwise: T, ...codes: readonly Expected[]): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (failedWith(error, ...codes)) return otherwise;
    throw error;
  }
}

/** None where there is no such folder. */
export const namesIn = (folder: string): Promise<string[]> => unless(readdir(folder), [], 'ENOENT');

export const exists = (path: string): Promise<boolean> =>
  unless(
    access(path).then(() => true),
    false,
    'ENOENT',
  );

export const isFolder = (path: string): Promise<boolean> =>
  unless(
    stat(path).then((found) => found.isDirectory()),
    false,
    'ENOENT',
  );

/** Makes a folder in one that exists, unless somebody has. @returns whether it was left to us */
export const makeFolder = (path: string): Promise<boolean> =>
  unless(
    mkdir(path).then(() => true),
    false,
    'EEXIST',
  );

/** Does something that may have been done already: what it needs is gone then. @returns whether it was left to us */
export const unlessGone = (call: Promise<void>): Promise<boolean> =>
  unless(
    call.then(() => true),
    false,
    'ENOENT',
  );
