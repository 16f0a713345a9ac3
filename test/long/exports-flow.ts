import { parseArgs } from 'node:util';
import { startEngineReaders } from '../export-flow/readers/engines.ts';
import { runFlow } from '../export-flow/run.ts';
import { openWorld } from '../export-flow/world.ts';
import type { LongContext } from '../support/long.ts';
import { startOpenSearch } from '../support/opensearch.ts';
import { startS3 } from '../support/s3.ts';

/** Each app into each; a deployment has 20 exports at most, so one goes without its receiver. */
const FILES_AND_ENGINES = ['parquet', 's3-parquet', 'ndjson', 'opensearch', 'kafka', 'postgres'];
const SINKS = [[...FILES_AND_ENGINES, 'webhook'], [...FILES_AND_ENGINES, 'webhook'], FILES_AND_ENGINES];
const PATIENCE_MS = 1_800_000;

/**
 * `npm run test:long -- exports-flow [--events n] [--sink name]… [--no-engines]`: 50,000 events of 5 types and 3 apps into 20 exports at once; in the middle of it 5,000 of them are
 * removed and 20 wallets erased. The last line of stdout is JSON with the figures.
 * @throws when any target holds anything else than the source says, in the words of what differs
 */
export default async function exportsFlow({ stack, args }: LongContext): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      events: { type: 'string', default: '50000' },
      'no-engines': { type: 'boolean' },
      sink: { type: 'string', multiple: true },
    },
  });
  const events = Number(values.events);
  Object.assign(process.env, stack.env);
  const say = (line: string) => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);
  const [search, s3] = [await startOpenSearch(), await startS3()];
  const places: Readonly<Record<string, string | undefined>> = {
    ...{ opensearch: search.url, s3: s3.url, kafka: process.env.KAFKA_BROKERS },
    ...{ registry: process.env.SCHEMA_REGISTRY_URL, postgres: process.env.DATABASE_URL },
  };
  const target = async (kind: string) => places[kind] ?? '';
  const engines = values['no-engines'] ? null : await startEngineReaders(s3.url);
  try {
    const world = await openWorld({
      apps: 3,
      walletsOfEach: 20,
      sinks: SINKS.map((those) => those.filter((sink) => values.sink?.includes(sink) ?? true)),
      target,
      declareBy: 'command',
      patienceMs: PATIENCE_MS,
      say,
    });
    try {
      const report = await runFlow(world, {
        ...{ events, erased: 20, removed: Math.round(events / 10), say, patienceMs: PATIENCE_MS },
        // Each wallet writes several batches before anything of it is deleted.
        eventsOfBatch: Math.max(1, Math.min(100, Math.floor(events / 300))),
        engines: engines?.readers,
      });
      for (const problem of report.problems) say(`! ${problem}`);
      process.stdout.write(`${JSON.stringify(report)}\n`);
      if (report.problems.length > 0) throw new Error(`${report.problems.length} things are not as they must be`);
    } finally {
      await world.close();
    }
  } finally {
    await Promise.all([engines?.close(), search.close(), s3.close()]);
  }
}
