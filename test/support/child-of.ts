import { readFileSync } from 'node:fs';

/** Nothing of one that has ended meanwhile. */
function environmentOf(pid: string): string[] {
  try {
    return pid === '' ? [] : readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch (error) {
    // Not `instanceof Error`: what Node throws is of another realm than a suite's.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return [];
    throw error;
  }
}

/** Process id of the child that was given this variable; null: there is none. @param variable such as `DDC_EXPORT=sales` */
export function childOf(parent: number, variable: string): number | null {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ');
  const found = children.find((pid) => environmentOf(pid).includes(variable));
  return found === undefined ? null : Number(found);
}
