import { readFileSync } from 'node:fs';

/** Resident memory of a process, MiB. */
export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} shows no VmRSS`);
  return Number(kib) / 1024;
}

export interface MemoryCourse {
  readonly firstThird: number;
  readonly lastThird: number;
  readonly most: number;
  /** MiB a minute, least squares over the last two thirds: by then buffers and code are there. */
  readonly slopePerMinute: number;
}

/** @param samples MiB, one every `everySeconds` */
export function courseOf(samples: readonly number[], everySeconds: number): MemoryCourse {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const mean = (those: readonly number[]) => those.reduce((sum, one) => sum + one, 0) / those.length;
  const late = samples.slice(third);
  const [x, y] = [(late.length - 1) / 2, mean(late)];
  const spread = late.reduce((sum, _, i) => sum + (i - x) ** 2, 0);
  const slope = spread === 0 ? 0 : late.reduce((sum, one, i) => sum + (i - x) * (one - y), 0) / spread;
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    firstThird: round(mean(samples.slice(0, third))),
    lastThird: round(mean(samples.slice(-third))),
    most: round(Math.max(...samples)),
    slopePerMinute: round((slope * 60) / everySeconds),
  };
}
