import type { OverloadReport } from './run.ts';

const MOST_MS = 1_000;
/** What the memory of the last third may lie above that of the first: garbage is collected when it suits. */
const MOST_GROWTH = { share: 0.15, mib: 48 };

/**
 * What the report shows to be wrong.
 * @param which of the times must be below 1 s: what was accepted counts from when it should have been sent, a refusal from when its request was sent
 */
export function problemsOf({ memory, ...report }: OverloadReport, which: 'p50' | 'p99'): string[] {
  const problems: string[] = [];
  const refused = Object.values(report.refused).reduce((sum, count) => sum + count, 0);
  const waited = report.sinceScheduled[which];
  if (waited >= MOST_MS) problems.push(`${which} of accepted batches is ${waited} ms`);
  const toldAfter = report.refusedSinceSent[which];
  if (toldAfter >= MOST_MS) problems.push(`${which} of refusals is ${toldAfter} ms`);
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
