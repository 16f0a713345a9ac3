import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { nodeArguments } from '../../stack/built.ts';

export interface ReplayRun {
  /** From when it began to read to its end. */
  readonly rowsPerSecond: number;
  readonly rows: number;
  /** Events that were read from either. */
  readonly from: { readonly kafka: number; readonly ipfs: number };
}

interface Told {
  readonly state: string;
  readonly rows: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly kafka: { readonly events: number };
  readonly ipfs: { readonly events: number };
}

/** `ddc replay --app … --out …`: everything that is pinned and indexed, typed, into a folder of Parquet. */
export async function runReplay(
  env: Readonly<Record<string, string>>,
  { app, folder }: { readonly app: string; readonly folder: string },
): Promise<ReplayRun> {
  const wish = [
    '--app',
    app,
    '--scopes',
    '__default_scope',
    '--schema',
    'typed',
    '--out',
    folder,
    '--rate',
    'none',
    '--json',
  ];
  const child = spawn(process.execPath, [...nodeArguments('cli/main.ts'), 'replay', ...wish], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`ddc replay ended with ${code}: ${out}`);
  const { rows, startedAt, endedAt, kafka, ipfs } = JSON.parse(out) as Told;
  return {
    rowsPerSecond: rows / ((endedAt - startedAt) / 1000),
    rows,
    from: { kafka: kafka.events, ipfs: ipfs.events },
  };
}
