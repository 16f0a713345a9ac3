import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Spawned } from './keeper.ts';
import { type PartName, type RunningPart, StackError, type StartOptions } from './part.ts';

export interface Launch extends Omit<Spawned, 'logFile'> {
  readonly name: PartName;
  readonly url: string;
  /** True once it serves. @param log what it wrote since this start */
  ready(log: string): Promise<boolean>;
  /** Awaited before each start, also after a kill. */
  before?(): Promise<void>;
  readonly timeoutMs?: number;
}

const POLL_MS = 100;
const START_TIMEOUT_MS = 90_000;
const STOP_GRACE_MS = 20_000;
const TAIL_BYTES = 4_000;
/** A port or a lock may still be held for a moment after a kill. */
const ATTEMPTS = 5;

/** Text of a file from an offset on. */
export function textFrom(path: string, from: number): string {
  if (!existsSync(path)) return '';
  const file = openSync(path, 'r');
  try {
    const start = Math.min(from, fstatSync(file).size);
    const bytes = Buffer.alloc(fstatSync(file).size - start);
    readSync(file, bytes, 0, bytes.length, start);
    return bytes.toString('utf8');
  } finally {
    closeSync(file);
  }
}

/** Runs one native part as a process and keeps it restartable on the same port and folder. */
export async function launch(what: Launch, { folder, keeper }: StartOptions): Promise<RunningPart> {
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true });
  const logFile = join(logs, `${what.name}.log`);
  let child: ChildProcess | null = null;
  let ended: Promise<void> = Promise.resolve();

  async function attempt(): Promise<string | null> {
    await what.before?.();
    const from = existsSync(logFile) ? statSync(logFile).size : 0;
    const started = keeper.spawn({ ...what, logFile });
    let failure: string | null = null;
    child = started;
    ended = new Promise((resolve) => {
      started.once('error', (error) => {
        failure = `cannot run \`${what.command}\`: ${error.message}`;
        resolve();
      });
      started.once('exit', (code, signal) => {
        failure = `ended with ${signal ?? code} while starting`;
        if (child === started) child = null;
        resolve();
      });
    });
    const deadline = performance.now() + (what.timeoutMs ?? START_TIMEOUT_MS);
    while (failure === null) {
      if (await what.ready(textFrom(logFile, from))) return null;
      if (performance.now() > deadline) {
        await end('SIGKILL');
        return 'did not answer in time';
      }
      await wait(POLL_MS);
    }
    return failure;
  }

  async function start(attempts: number): Promise<void> {
    for (let left = attempts; ; left--) {
      const problem = await attempt();
      if (problem === null) return;
      if (left <= 1) {
        throw new StackError(what.name, problem, textFrom(logFile, Math.max(0, statSync(logFile).size - TAIL_BYTES)));
      }
      await wait(1_000);
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const pid = child?.pid;
    if (pid === undefined) return;
    const send = (value: NodeJS.Signals): void => {
      try {
        process.kill(-pid, value);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    };
    send(signal);
    const timer = setTimeout(() => send('SIGKILL'), STOP_GRACE_MS);
    await ended;
    clearTimeout(timer);
  }

  await start(1);
  return {
    name: what.name,
    way: 'native',
    url: what.url,
    pid: () => child?.pid ?? null,
    stop: () => end(what.stopSignal ?? 'SIGTERM'),
    kill: () => end('SIGKILL'),
    async restart() {
      await end(what.stopSignal ?? 'SIGTERM');
      await start(ATTEMPTS);
    },
  };
}
