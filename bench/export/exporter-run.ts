import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DEFAULT_SCOPE } from '../../protocol/index.ts';
import { type Child, startChild } from '../child.ts';

const LOOK_MS = 20;
const PATIENCE_MS = 600_000;
const STARTS = 5;

export interface ExporterRun {
  readonly rowsPerSecond: number;
  /** Microseconds of CPU per row, all threads. */
  readonly cpuPerRow: number;
  /** Most memory that the process ever had, MiB, when it had committed as many rows as was asked for. */
  readonly peaks: readonly number[];
}

/**
 * Runs the room `exporter` as it is started everywhere, on what lies in `pinned`, into a folder of Parquet. The clock runs from the commit with
 * which the first of `marks` is reached to that of the last: at both it has about as much in hand. More must lie in `pinned`: what is left for
 * the end waits for company, as long as the room lets it.
 */
export async function runExporter(
  env: Readonly<Record<string, string>>,
  run: { readonly name: string; readonly app: string; readonly folder: string; readonly marks: readonly number[] },
): Promise<ExporterRun> {
  const { name, app, folder, marks } = run;
  const plan = { name, app, scopes: [DEFAULT_SCOPE], sink: 'parquet', config: { folder }, schema: 'typed' };
  const child = await startRoom({ ...env, DDC_EXPORT: JSON.stringify(plan), DDC_HTTP_PORT: '0' });
  const started = performance.now();
  const committed = commitsIn(folder);
  let first: { readonly rows: number; readonly at: number; readonly cpu: number } | null = null;
  const peaks: number[] = [];
  for (let rows = committed(); ; rows = committed()) {
    const now = performance.now();
    if (rows >= (marks[0] as number)) first ??= { rows, at: now, cpu: child.cpuMicros() };
    while (peaks.length < marks.length && rows >= (marks[peaks.length] as number)) peaks.push(peakOf(child.pid));
    if (first && rows > first.rows && peaks.length === marks.length) {
      const cpuPerRow = (child.cpuMicros() - first.cpu) / (rows - first.rows);
      await child.stop();
      return { rowsPerSecond: (rows - first.rows) / ((now - first.at) / 1000), cpuPerRow, peaks };
    }
    if (child.process.exitCode !== null) throw new Error(`the exporter ended with ${child.process.exitCode}`);
    if (now - started > PATIENCE_MS) throw new Error(`${marks.at(-1)} rows were not exported in time, but ${rows}`);
    await wait(LOOK_MS);
  }
}

/** A young broker may refuse the first members of a group: then the room ends, and is started again as its supervisor would. */
async function startRoom(env: Record<string, string>): Promise<Child> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const isReady = (line: Record<string, unknown>) => line.message === 'partition assigned';
      return (await startChild({ file: 'services/exporter/main.ts', core: null, env, isReady })).child;
    } catch (error) {
      if (attempt === STARTS) throw error;
      await wait(1_000);
    }
  }
}

/** Rows that commits of the export count, looked through once each (`connectors/sinks/folder/commit-log.ts`). */
function commitsIn(folder: string): () => number {
  const books = join(folder, '_ddc');
  const next = new Map<string, number>();
  let rows = 0;
  return () => {
    for (const partition of listed(books).filter((one) => /^\d+$/.test(one))) {
      for (;;) {
        const number = next.get(partition) ?? 1;
        const text = read(join(books, partition, `${String(number).padStart(10, '0')}.json`));
        if (text === null) break;
        rows += (JSON.parse(text) as { rows: number }).rows;
        next.set(partition, number + 1);
      }
    }
    return rows;
  };
}

/** What is not there yet is nothing. */
function unlessAbsent<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
}
const listed = (folder: string) => unlessAbsent(() => readdirSync(folder), []);
const read = (path: string) => unlessAbsent<string | null>(() => readFileSync(path, 'utf8'), null);

/** `VmHWM` of /proc/<pid>/status, which the kernel keeps. */
function peakOf(pid: number): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kib) / 1024);
}
