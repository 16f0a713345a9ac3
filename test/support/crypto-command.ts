import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { nodeArguments } from '../../stack/built.ts';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `ddc crypto …` as a process without a terminal. */
export async function crypto(args: readonly string[], stdin: string | Uint8Array = ''): Promise<Ended> {
  const child = spawn(process.execPath, [...nodeArguments('cli/main.ts'), 'crypto', ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
    detached: true,
  });
  const ended = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    ended.out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    ended.err += chunk;
  });
  // A command that is asked wrongly ends without reading.
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...ended };
}
