// A process that is one member of an export, until it is killed: `sink-member.js <JSON of MemberPlan>`. It goes on from where the sink stands, delivers the
// rows of a log that can be told from its offsets alone, waits where the sink says that it must, and ends at the end of the log.
import { setTimeout as wait } from 'node:timers/promises';
import { createSink } from '../../connectors/sinks/index.ts';
import { RetriableError } from '../../services/pipeline/errors.ts';
import type { MemberPlan } from './sink-kills.ts';
import { deliveryFrom, LOG, rowsAt } from './told-log.ts';

const plan = JSON.parse(process.argv[2] ?? '') as MemberPlan;
const sink = createSink(plan.sink, plan.config, { log: LOG });

async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof RetriableError)) throw error;
      process.stdout.write(`waits: ${error.message}\n`);
      await wait(100);
    }
  }
}

await patiently(() => sink.check());
for (;;) {
  const { next } = await patiently(() => sink.position(0));
  process.stdout.write(`at ${next}\n`);
  if (next >= plan.end) break;
  const delivery = deliveryFrom(next, plan.end);
  const rows = Array.from({ length: delivery.last - next + 1 }, (_, i) => rowsAt(next + i)).flat();
  await patiently(() => sink.put(rows, delivery));
}
await sink.close();
