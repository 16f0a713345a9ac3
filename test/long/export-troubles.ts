import opensearch from '../../connectors/sinks/opensearch.ts';
import parquet from '../../connectors/sinks/parquet.ts';
import s3Parquet from '../../connectors/sinks/s3-parquet.ts';
import { limitedOpenSearch, limitedS3 } from '../export-troubles/limited.ts';
import { exportTroubles, problemsOf } from '../export-troubles/run.ts';
import { fullDisk, troublesFor } from '../export-troubles/targets.ts';
import { canMount } from '../support/can-mount.ts';
import type { LongContext } from '../support/long.ts';
import { startOpenSearch } from '../support/opensearch.ts';
import { startS3 } from '../support/s3.ts';

const say = (text: string) => process.stdout.write(`${text}\n`);
const MINUTE_MS = 60_000;
/** Seconds. */
const MOST_LAG = 10;

/**
 * `npm run test:long -- export-troubles`: everything goes wrong with the targets of exports, for a minute and as long as sinks are patient by
 * default. The last line of stdout is JSON with the figures.
 */
export default async function troubles({ stack }: LongContext): Promise<void> {
  Object.assign(process.env, stack.env);
  const mountable = await canMount();
  if (!mountable) throw new Error('this machine lets nobody mount a disk that could get full');
  const [cluster, store] = [await startOpenSearch(), await startS3()];
  try {
    const verdict = await exportTroubles({
      troubles: [
        ...troublesFor(mountable),
        fullDisk(parquet),
        limitedOpenSearch(opensearch, cluster.url),
        limitedS3(s3Parquet, store),
      ],
      ...{ canMount: mountable, withinMs: 5 * MINUTE_MS, say },
      ...{ lastsMs: MINUTE_MS, retryAfter: 60, patienceMs: null },
    });
    const problems = problemsOf(verdict, MOST_LAG);
    say(JSON.stringify({ ...verdict, problems: problems.length }));
    if (problems.length > 0) throw new Error(`${problems.length} problems:\n${problems.join('\n')}`);
  } finally {
    await cluster.close();
    await store.close();
  }
}
