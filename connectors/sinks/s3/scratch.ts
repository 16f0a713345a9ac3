import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';

/** Room on this machine for files on their way: what is in it are rows in the clear, so nothing stays. */
export interface Scratch {
  /** Runs `work` with an empty folder, which is deleted afterwards. */
  use<T>(work: (folder: string) => Promise<T>): Promise<T>;
  /** A name unlike any other there is: of this machine, this process, and this moment. */
  unique(): Promise<string>;
  /** Deletes what processes of this machine left that are dead. */
  sweep(): Promise<void>;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** @param root shared by processes that see each other's numbers */
export function scratchIn(root: string): Scratch {
  async function make(): Promise<string> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    return mkdtemp(join(root, `${process.pid}-`));
  }

  return {
    async use(work) {
      const folder = await make();
      try {
        return await work(folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    async unique() {
      const folder = await make();
      await rm(folder, { recursive: true });
      return `${hostname().replace(/[^A-Za-z0-9.-]/g, '')}-${basename(folder)}`;
    },
    async sweep() {
      await mkdir(root, { recursive: true, mode: 0o700 });
      for (const name of await readdir(root)) {
        const pid = Number.parseInt(name, 10);
        if (pid > 0 && !lives(pid)) await rm(join(root, name), { recursive: true, force: true });
      }
    },
  };
}
