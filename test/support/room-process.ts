import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { nodeArguments } from '../../stack/built.ts';

/** A room as its own process, as `ddc up` runs it. */
export interface RoomProcess {
  readonly pid: number;
  /** Waits until it said that it listens. @throws with its output when it exits instead */
  readonly listening: Promise<number>;
  /** Resolves when it is gone, by whatever cause. */
  ended(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
  output(): string;
}

/** @param within a command that runs the rest of its arguments in its own stead */
export function startRoom(
  room: string,
  env: Readonly<Record<string, string>>,
  within: readonly string[] = [],
): RoomProcess {
  const [command = '', ...args] = [...within, process.execPath, ...nodeArguments(`services/${room}/main.ts`)];
  const child: ChildProcess = spawn(command, args, {
    env: { ...process.env, NODE_OPTIONS: '', DDC_HTTP_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const exited = once(child, 'exit');
  const listening = new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      text += chunk;
      const port = /"port":(\d+)[^\n]*"message":"listening"|"message":"listening"[^\n]*"port":(\d+)/.exec(text);
      if (port) resolve(Number(port[1] ?? port[2]));
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    void exited.then(([code]) => reject(new Error(`${room} exited with ${code}:\n${text}`)));
  });
  listening.catch(() => undefined);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
    return child.exitCode;
  };
  return {
    pid: child.pid ?? 0,
    listening,
    stop: () => end('SIGTERM'),
    async kill() {
      await end('SIGKILL');
    },
    async ended() {
      const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null];
      return { code, signal };
    },
    output: () => text,
  };
}

/** Asks again until `probe` gives something, for what other processes do. @throws after `ms` with `what`, as it is by then */
export async function eventually<T>(
  what: string | (() => string),
  probe: () => Promise<T | null>,
  ms = 90_000,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await probe();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
