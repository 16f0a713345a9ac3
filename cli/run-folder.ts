import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Runs that have ended are kept for a look at their logs, but not for ever. */
const KEPT = 2;

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Makes `.ddc/run-<time>-<pid>` for this process (or takes the given folder) and removes older runs that have ended. */
export function runFolder(given?: string): string {
  const base = resolve('.ddc');
  if (existsSync(base)) {
    const ended = readdirSync(base)
      .filter((name) => name.startsWith('run-'))
      .filter((name) => {
        const file = join(base, name, 'pid');
        return existsSync(file) && !alive(Number(readFileSync(file, 'utf8')));
      })
      .sort();
    for (const name of ended.slice(0, Math.max(0, ended.length - KEPT + 1))) {
      rmSync(join(base, name), { recursive: true, force: true });
    }
  }
  const started = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const folder = given ? resolve(given) : join(base, `run-${started}-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'pid'), String(process.pid));
  return folder;
}
