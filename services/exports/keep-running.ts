import { backoff } from '../pipeline/backoff.ts';
import { type Clock, hasPassed, type Random } from '../pipeline/clock.ts';
import type { DeclaredExport, ExportRun, ExportTrouble } from '../pipeline/ports/exports.ts';
import type { ChildProcess, ProcessEnd, Processes } from '../pipeline/ports/processes.ts';

/** One that lived so long had a good start: its next end counts as its first. Milliseconds. */
export const HEALTHY_MS = 60_000;
/** An exporter finishes what it has in hand within 10 s, and a room that stops has as long: just before, it is ended. Milliseconds. */
const GRACE_MS = 9_000;
export const PAUSES = { first: 250 };

export interface RunningEdges {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly random: Pick<Random, 'float'>;
  /** What became of the process; never holds it up. */
  told(declared: DeclaredExport, run: ExportRun): void;
}

/** Runs one export's process until `signal` is aborted: started again with growing pauses however it ends, whatever others do. */
export async function keepRunning(edges: RunningEdges, declared: DeclaredExport, signal: AbortSignal): Promise<void> {
  const { processes, clock, random } = edges;
  const told = (state: ExportRun['state']) => edges.told(declared, { state, starts, at: clock.now(), trouble });
  let failures = 0;
  let starts = 0;
  let trouble: ExportTrouble | null = null;
  while (!signal.aborted) {
    const began = clock.now();
    const child = processes.start(declared.name, { DDC_EXPORT: declared.name, DDC_HTTP_PORT: '0' });
    starts += 1;
    told('up');
    const end = await endOf(child, clock, signal);
    if (signal.aborted) break;
    trouble = troubleOf(end, clock.now());
    failures = hasPassed(HEALTHY_MS, began, clock.now()) ? 1 : failures + 1;
    told('waiting');
    await untilOver(clock, backoff(failures, random.float, PAUSES), signal);
  }
  told('down');
}

/** Its end: once the signal is aborted it is asked to stop, and ended when it does not in time. */
export async function endOf(child: ChildProcess, clock: Clock, signal: AbortSignal): Promise<ProcessEnd> {
  const over = new AbortController();
  const asked = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true, signal: over.signal }),
  );
  await Promise.race([child.ended, asked]);
  if (!signal.aborted) {
    over.abort();
    return child.ended;
  }
  child.stop();
  const late = untilOver(clock, GRACE_MS, over.signal).then(() => over.signal.aborted || child.kill());
  const end = await child.ended;
  over.abort();
  await late;
  return end;
}

/** So long, or until the signal is aborted, which is no failure. */
async function untilOver(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

export function troubleOf({ code, signal, lastWords }: ProcessEnd, at: number): ExportTrouble {
  const how = signal === null ? `the process ended with ${code}` : `the process was ended by ${signal}`;
  if (lastWords) return { code: lastWords.code, message: `${how}: ${lastWords.message}`, at };
  return { code: signal === null ? 'exited' : 'killed', message: how, at };
}
