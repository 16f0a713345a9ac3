import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BOOKS } from './layout.ts';
import { namesIn, unlessGone } from './tolerant.ts';

const AT_ONCE = 8;

/** Forces a file's content, or a folder's list of names, to disk. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** `sync` for many paths, a few at a time. */
export async function syncAll(paths: Iterable<string>): Promise<void> {
  const waiting = [...new Set(paths)];
  const worker = async () => {
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) await sync(path);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, worker));
}

/**
 * Moves staged files to their places. A staged file that is gone was moved by another instance (or before a crash):
 * a staged name exists exactly once, so whoever finds it gone has nothing left to do.
 */
export async function place(
  root: string,
  moves: readonly { readonly from: string; readonly to: string }[],
): Promise<void> {
  const touched = new Set<string>();
  for (const move of moves) {
    const folder = dirname(move.to);
    if (!touched.has(folder)) await mkdir(folder, { recursive: true });
    await unlessGone(rename(move.from, move.to));
    for (let above = folder; above.startsWith(root); above = dirname(above)) touched.add(above);
  }
  await syncAll(touched);
}

/** Begins the names of folders with which a member asks for the lock (`erase-lock.ts`). */
export const TAKING = 'taking-';
/** `erase-` held the drafts of erasures before they had a lock. */
const TRASH = /^(trash|erase|taking)-/;

/**
 * Deletes a folder under `_ddc/` that somebody may still be writing to. It is moved away first, in one step: whoever used it finds every
 * path into it gone, so nothing that was written there can get anywhere.
 * @param name says which folder it was, unlike any other there ever is
 */
export async function discard(root: string, folder: string, name: string): Promise<void> {
  const away = join(root, BOOKS, `trash-${name}`);
  if (await unlessGone(rename(folder, away))) await rm(away, { recursive: true, force: true });
}

/** Deletes what somebody discarded, or prepared, who died before the next step. */
export async function emptyTrash(root: string): Promise<void> {
  for (const name of await namesIn(join(root, BOOKS))) {
    if (TRASH.test(name)) await rm(join(root, BOOKS, name), { recursive: true, force: true });
  }
}
