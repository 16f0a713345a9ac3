import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

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

/** Whether an error of `node:fs` has this code. */
export function failedWith(error: unknown, code: 'ENOENT' | 'EEXIST'): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
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
    try {
      await rename(move.from, move.to);
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) throw error;
    }
    for (let above = folder; above.startsWith(root); above = dirname(above)) touched.add(above);
  }
  await syncAll(touched);
}
