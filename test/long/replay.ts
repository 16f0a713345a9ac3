import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_PARTITIONS } from '../../cli/topics.ts';
import { runReplays } from '../replay/run.ts';
import type { LongContext } from '../support/long.ts';
import { suiteSandbox } from '../support/sandbox.ts';

/** So much may the p99 of live ingest grow beside a replay. */
const MOST = 1.2;

/**
 * `npm run test:long -- replay [events] [windows]`: 80,000 events of types with and without schema; replays of all of them from Kafka, from IPFS
 * for more than half, interrupted three times, with removals before and meanwhile, and into an export that goes on live. The last line of
 * stdout is JSON.
 * @throws when a row differs from the live export, or the p99 of live ingest grows by a fifth
 */
export default async function replay({ stack, args }: LongContext): Promise<void> {
  const [events = '80000', windows = '40'] = args;
  Object.assign(process.env, stack.env);
  const exports = await mkdtemp(join(tmpdir(), 'ddc-replay-'));
  const sandbox = await suiteSandbox('replay', {
    rooms: ['api', 'encryptor', 'pinner', 'indexer', 'exports'],
    env: { DDC_EXPORT_SINKS: 'parquet', DDC_EXPORT_FOLDER: exports },
  });
  try {
    const say = (line: string) => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);
    const load = { windows: Number(windows), seconds: 4, offered: 50 };
    const report = await runReplays(sandbox, {
      ...{ ...load, events: Number(events), exports, partitions: DEFAULT_PARTITIONS, say },
    });
    process.stdout.write(`${JSON.stringify(report)}\n`);
    const { beside, kafka, removedMeanwhile, ipfs, interrupted, handedOver } = report;
    const all = [kafka, removedMeanwhile, ipfs, interrupted, handedOver];
    if (all.some(({ missing, more }) => missing + more > 0))
      throw new Error('rows differ from those of the live export');
    if (removedMeanwhile.left > 0 || removedMeanwhile.removed === 0)
      throw new Error('something of what was erased or removed meanwhile is left');
    if (kafka.fromIpfs > 0 || ipfs.fromIpfs <= ipfs.fromKafka || ipfs.fromKafka === 0)
      throw new Error('it was not read from where it should have been');
    if (handedOver.written === 0) throw new Error('nothing was written while it was handed over');
    if (beside.ratio >= MOST) throw new Error(`the p99 of live ingest is ${beside.ratio} times what it was`);
  } finally {
    await sandbox.close();
    await rm(exports, { recursive: true, force: true });
  }
}
