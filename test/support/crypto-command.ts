import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { nodeArguments } from '../../stack/built.ts';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `ddc crypto …` as a process without a terminal. */
export const crypto = (args: readonly string[], stdin: string | Uint8Array = ''): Promise<Ended> =>
  command(['crypto', ...args], stdin);

/** `ddc …` as a process without a terminal. @param node more arguments of node */
export async function command(
  args: readonly string[],
  stdin: string | Uint8Array = '',
  node: readonly string[] = [],
): Promise<Ended> {
  const child = spawn(process.execPath, [...node, ...nodeArguments('cli/main.ts'), ...args], {
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
