import { readdir } from 'node:fs/promises';
import { setPriority } from 'node:os';

/**
 * Lets everything else on this machine go first. On Linux the priority is each thread's own: those that are there already, which collect
 * garbage, compile and write files, are told one by one; later ones take after who starts them.
 * @param priority 0 to 19, as `nice` counts
 */
export async function beNice(priority: number): Promise<void> {
  setPriority(priority);
  if (process.platform !== 'linux') return;
  for (const thread of await readdir('/proc/self/task')) {
    try {
      setPriority(Number(thread), priority);
    } catch (error) {
      // A thread that is over is as nice as can be.
      if ((error as { info?: { code?: string } }).info?.code !== 'ESRCH') throw error;
    }
  }
}
