import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { QueueBusy } from '../errors.ts';

interface Holder {
  readonly pid: number;
  /** When the process began, as the kernel counts: a pid is used again, this is not. Empty where the kernel does not tell. */
  readonly began: string;
  readonly nonce: string;
}

const held = new Set<string>();

/**
 * Takes a lock that ends with its process, however that ends. It is a chain of files: the first names a holder; where that process is dead, the file named
 * after it names the next. Each is made by `link`, which one of many succeeds with.
 * @returns what gives it back
 * @throws QueueBusy while a living process has it
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  const mine: Holder = { pid: process.pid, began: (await beginOf(process.pid)) ?? '', nonce: randomUUID() };
  const draft = `${path}.${mine.nonce}`;
  await writeFile(draft, JSON.stringify(mine), { mode: 0o600, flush: true });
  try {
    for (;;) if (await tryLock(path, draft)) break;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  held.add(mine.nonce);
  return async () => {
    await rm(path);
    held.delete(mine.nonce);
  };
}

/** @returns false when somebody was quicker, and it is to be looked at again */
async function tryLock(path: string, draft: string): Promise<boolean> {
  const dead: string[] = [];
  for (let at = path; ; ) {
    if (await linked(draft, at)) {
      // The chain may have been replaced before the link was made: then it hangs on nothing.
      if (at !== path && (await holderIn(path))?.nonce !== dead[0]) {
        await rm(at, { force: true });
        return false;
      }
      // Of two names of one file `rename` would leave both.
      if (at === path) await rm(draft);
      else await rename(draft, path);
      await Promise.all(dead.map((nonce) => rm(`${path}.after-${nonce}`, { force: true })));
      return true;
    }
    const holder = await holderIn(at);
    if (!holder) return false;
    if (await isAlive(holder)) throw new QueueBusy(path, holder.pid);
    dead.push(holder.nonce);
    at = `${path}.after-${holder.nonce}`;
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function holderIn(path: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function isAlive({ pid, began, nonce }: Holder): Promise<boolean> {
  if (pid === process.pid && !held.has(nonce) && began === '') return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Of another user: it lives.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = await beginOf(pid);
  return now === null || began === '' || now === began;
}

/** Field 22 of /proc/<pid>/stat, behind the name of the program, which may hold anything; null where there is no such file. */
async function beginOf(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
