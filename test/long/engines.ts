import { runEngines } from '../engines/run-engines.ts';
import type { LongContext } from '../support/long.ts';

const ROWS = 2_000;

/**
 * `npm run test:long -- engines [rows]`: rows through the real sinks into Kafka Connect (JDBC, Iceberg) and Spark (topic, stream, Parquet in a folder
 * and in S3), with a removal and an erasure. The last line of stdout is JSON with the figures.
 */
export default async function engines({ stack, args: [asked] }: LongContext): Promise<void> {
  const rows = Number(asked ?? ROWS);
  if (!Number.isInteger(rows) || rows < 1) throw new Error(`${asked}: give a number of rows`);
  Object.assign(process.env, stack.env);
  const verdict = await runEngines(rows);
  process.stdout.write(`${JSON.stringify(verdict)}\n`);
  if (verdict.wrong.length > 0) throw new Error(`${verdict.wrong.length} engines do not have what the source has`);
}
