import type { OverloadReport } from './run.ts';

/** What the memory of the last third may lie above that of the first: garbage is collected when it suits. */
const MOST_GROWTH = { share: 0.15, mib: 48 };

/**
 * What the report shows to be wrong.
 * @param mostP99 of what was accepted, milliseconds, from when it should have been sent
 */
export function problemsOf({ memory, ...report }: OverloadReport, mostP99: number): string[] {
  const problems: string[] = [];
  const refused = Object.values(report.refused).reduce((sum, count) => sum + count, 0);
  if (report.sinceScheduled.p99 >= mostP99) problems.push(`p99 of accepted batches is ${report.sinceScheduled.p99} ms`);
  const most = memory.firstThird * (1 + MOST_GROWTH.share) + MOST_GROWTH.mib;
  if (memory.lastThird > most) problems.push(`memory grew from ${memory.firstThird} to ${memory.lastThird} MiB`);
  if (report.wrong.length > 0)
    problems.push(`${report.wrong.length} refusals without 429 or 503 and Retry-After, first: ${report.wrong[0]}`);
  if (report.lost > 0) problems.push(`${report.lost} accepted batches were not found`);
  if (report.starts !== 1) problems.push(`the API was started ${report.starts} times`);
  if (refused === 0) problems.push('nothing was refused: it was no overload, and proves nothing');
  if (report.taken < report.capacity * 0.4)
    problems.push(`only ${report.taken} batches a second were taken of the ${report.capacity} that it can take`);
  return problems;
}
