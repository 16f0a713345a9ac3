import { randomInt } from 'node:crypto';
import { appsAdd } from '../../cli/apps.ts';
import { toHex } from '../../protocol/index.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { app } from '../support/api.ts';
import { run } from '../support/fuzzer.ts';
import type { LongContext } from '../support/long.ts';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';

const SECONDS = 300;

/**
 * `npm run test:long -- fuzz [seconds]`: the API as a process on a real Kafka, five minutes of broken requests. `DDC_SEED` repeats them.
 * @throws when it answered 5xx, ended, or Kafka holds more or less than it answered for
 */
export default async function fuzz({ stack, args: [asked] }: LongContext): Promise<void> {
  const seconds = Number(asked ?? SECONDS);
  if (!Number.isFinite(seconds) || seconds <= 0) throw new Error(`${asked}: give a number of seconds`);
  Object.assign(process.env, stack.env);
  const sandbox = await suiteSandbox('fuzz', { rooms: ['api'] });
  try {
    await appsAdd(sandbox.suite.database.url, toHex(app.publicKey), { tier: 'free', open: true });
    const seed = Number(process.env.DDC_SEED ?? randomInt(2 ** 31));
    const report = await run({ seconds, url: sandbox.deployment.api, seed });
    const records = await recordsOf(sandbox);
    const starts = sandbox.sandbox.rooms.starts('api');
    process.stdout.write(`${JSON.stringify({ ...report, records, starts })}\n`);
    const accepted = report.accepted + 1;
    const problems = [...report.failures];
    if (!report.alive || starts !== 1) problems.push(`the API was started ${starts} times, alive: ${report.alive}`);
    // What broke off without an answer may have been accepted before it did.
    if (records < accepted || records > accepted + (report.statuses.none ?? 0))
      problems.push(`${accepted} batches were answered 202, Kafka has ${records}`);
    if (problems.length > 0) throw new Error(problems.join('\n'));
  } finally {
    await sandbox.close();
  }
}

async function recordsOf({ stores, deployment }: SuiteSandbox): Promise<number> {
  let count = 0;
  for (let partition = 0; partition < deployment.partitions; partition++)
    count += await stores.kafka.endOffset(`${deployment.topicPrefix}${batchesReceived.name}`, partition);
  return count;
}
