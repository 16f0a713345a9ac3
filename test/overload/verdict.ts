import type { OverloadReport } from './run.ts';

const MOST_MS = 1_000;
/** What the memory of the last third may lie above that of the first: garbage is collected when it suits. */
const MOST_GROWTH = { share: 0.15, mib: 48 };

/** What the report shows to be wrong. Times: of what was accepted from when it should have been sent, of refusals from when they were sent. */
export function problemsOf(report: OverloadReport): string[] {
  const problems = faultsOf(report);
  const waited = report.sinceScheduled.p99;
  if (waited >= MOST_MS) problems.push(`p99 of accepted batches is ${waited} ms`);
  const toldAfter = report.refusedSinceSent.p99;
  if (toldAfter >= MOST_MS) problems.push(`p99 of refusals is ${toldAfter} ms`);
  if (report.taken < report.capacity * 0.4)
    problems.push(`only ${report.taken} batches a second were taken of the ${report.capacity} that it can take`);
  return problems;
}

/** The same without what depends on how much of the machine the API got meanwhile. */
export function faultsOf({ memory, ...report }: OverloadReport): string[] {
  const problems: string[] = [];
  const refused = Object.values(report.refused).reduce((sum, count) => sum + count, 0);
  const most = memory.firstThird * (1 + MOST_GROWTH.share) + MOST_GROWTH.mib;
  if (memory.lastThird > most) problems.push(`memory grew from ${memory.firstThird} to ${memory.lastThird} MiB`);
  if (report.wrong.length > 0)
    problems.push(`${report.wrong.length} refusals without 429 or 503 and Retry-After, first: ${report.wrong[0]}`);
  if (report.lost > 0) problems.push(`${report.lost} accepted batches were not found`);
  if (report.starts !== 1) problems.push(`the API was started ${report.starts} times`);
  if (refused === 0) problems.push('nothing was refused: it was no overload, and proves nothing');
  if (report.accepted === 0) problems.push('nothing was accepted');
  return problems;
}
