import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Spawned {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Appended to, stdout and stderr together. */
  readonly logFile: string;
  readonly uid?: number;
  readonly gid?: number;
  /** What the watchdog sends when the parent is gone. */
  readonly stopSignal?: NodeJS.Signals;
}

/** Starts processes that cannot outlive this one: each leads its own group, and a watchdog ends the groups when this process is gone. */
export interface Keeper {
  spawn(what: Spawned): ChildProcess;
  /** A command to be run if this process dies without `close()`. */
  atDeath(command: readonly string[]): void;
  /** Everything was stopped properly: dismisses the watchdog. */
  close(): void;
}

export function createKeeper(): Keeper {
  const watchdog = spawn(process.execPath, [fileURLToPath(new URL('./watchdog.mjs', import.meta.url))], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  watchdog.unref();
  const pipe = watchdog.stdin;
  // The watchdog can only be gone when the machine is going down or somebody killed it: nothing left to tell.
  pipe.on('error', () => undefined);
  const tell = (line: unknown): void => void pipe.write(`${JSON.stringify(line)}\n`);
  return {
    spawn({ command, args, cwd, env, logFile, uid, gid, stopSignal = 'SIGTERM' }) {
      const log = openSync(logFile, 'a');
      const child = spawn(command, args, {
        cwd,
        env: env ?? process.env,
        uid,
        gid,
        detached: true,
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      const pid = child.pid;
      if (pid !== undefined) {
        tell({ add: pid, signal: stopSignal });
        child.once('exit', () => tell({ remove: pid }));
      }
      return child;
    },
    atDeath(command) {
      tell({ atEnd: command });
    },
    close() {
      tell({ remove: 'all' });
      pipe.end();
    },
  };
}
