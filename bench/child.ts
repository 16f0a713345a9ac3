import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { nodeArguments } from '../stack/built.ts';

/** Clock ticks per second of /proc/<pid>/stat; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** A measured process on a core of its own. */
export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  readonly lines: Interface;
  /** CPU time of all its threads so far, microseconds. */
  cpuMicros(): number;
  stop(): Promise<void>;
}

/** Starts a source file on one core (`taskset`), or on all of them, and resolves with the first JSON line for which `isReady` holds. */
export async function startChild(options: {
  file: string;
  core: number | null;
  env: Record<string, string>;
  isReady: (line: Record<string, unknown>) => boolean;
}): Promise<{ child: Child; ready: Record<string, unknown> }> {
  const script = nodeArguments(options.file);
  const pinned = options.core === null ? [] : ['taskset', '-c', String(options.core)];
  const [command = process.execPath, ...rest] = [...pinned, process.execPath, ...script];
  const started = spawn(command, rest, {
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: started.stdout });
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    let last = '';
    started.once('exit', (code) =>
      reject(new Error(`${options.file} ended with ${code} before it was ready: ${last}`)),
    );
    lines.on('line', (text) => {
      last = text;
      const line = parse(text);
      if (line && options.isReady(line)) resolve(line);
    });
  });
  const pid = started.pid as number;
  const stop = async (): Promise<void> => {
    if (started.exitCode !== null) return;
    started.kill('SIGTERM');
    await once(started, 'exit');
  };
  return { child: { pid, process: started, lines, cpuMicros: () => cpuMicros(pid), stop }, ready };
}

/** User and system time of a process, microseconds. */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND;
}

function parse(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}
