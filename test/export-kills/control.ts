import { setTimeout as pause } from 'node:timers/promises';
import { createConsumerGroups } from '../../connectors/kafka/index.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { Chances } from '../model/random.ts';
import { kafkaOptions } from '../support/kafka.ts';
import type { PinnedLog } from '../support/pinned-log.ts';
import { Load, type LoadRate } from './load.ts';
import { Member } from './member.ts';
import { startTarget } from './targets.ts';
import { judge, type Verdict } from './verdict.ts';

/** Environment of a control's exporter: it goes on from what its consumer group has committed, as most connectors do. */
export const UNPROTECTED = { DDC_UNSAFE: 'positions' } as const;

const WITHIN_MS = 90_000;

/**
 * The same kills, of an exporter that keeps its positions in Kafka instead of the output. The count must find doubles; when it finds none, the
 * kills prove nothing.
 */
export async function exportControl(
  log: PinnedLog,
  {
    sink,
    kills,
    rate,
    seed,
  }: { readonly sink: string; readonly kills: number; readonly rate: LoadRate; readonly seed: number },
): Promise<Verdict> {
  const target = await startTarget(sink);
  const load = new Load(log, rate);
  const member = new Member(log, target, UNPROTECTED);
  const deadline = performance.now() + WITHIN_MS;
  const over = () => performance.now() > deadline;
  try {
    await load.prepare();
    const feeding = load.run();
    feeding.catch(() => undefined);
    await member.harass(kills, new Chances(seed), over);
    load.stop();
    await feeding;
    void member.run();
    for (;;) {
      // Its position in the output says nothing, and that all is there does not either: what comes again comes once it runs again.
      const isDone = await hasCommitted(log, member);
      const verdict = await judge(target, load);
      if ((isDone && verdict.lost === 0) || over()) return verdict;
      await pause(500);
    }
  } finally {
    load.stop();
    await member.stop();
    await target.close();
  }
}

/** Whether the exporter's group stands at the end of every partition. */
async function hasCommitted(log: PinnedLog, { name }: Member): Promise<boolean> {
  const groups = createConsumerGroups(kafkaOptions());
  for (const [partition, end] of log.ends().entries()) {
    const next = await groups.progress(`${log.prefix}export-${name}`, `${log.prefix}${batchesPinned.name}`, partition);
    if ((next ?? 0) < end) return false;
  }
  return true;
}
