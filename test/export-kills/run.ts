import { setTimeout as pause } from 'node:timers/promises';
import { createSink } from '../../connectors/sinks/index.ts';
import type { Sink } from '../../services/pipeline/ports/sink.ts';
import { Chances } from '../model/random.ts';
import type { PinnedLog } from '../support/pinned-log.ts';
import { Load, type LoadRate } from './load.ts';
import { Member } from './member.ts';
import { outages } from './outages.ts';
import { startTarget, type Target } from './targets.ts';
import { isClean, judge, type Verdict } from './verdict.ts';

export interface KillsPlan {
  readonly sinks: readonly string[];
  /** Of each exporter, of each target, and of the broker. */
  readonly kills: number;
  readonly rate: LoadRate;
  readonly seed: number;
  /** Kills the broker and starts it again; null: it is not ours to kill. */
  readonly broker: (() => Promise<void>) | null;
  /** Wallets are erased and events removed so often; milliseconds before each. */
  readonly takeBackMs: readonly number[];
  /** Milliseconds for all of it; what is not done by then is missing in the counts. */
  readonly withinMs: number;
  say(text: string): void;
}

/** One sink, and what was done to it. */
export interface KillsRun extends Verdict {
  /** How the exporter was killed, how often. */
  readonly exporter: Readonly<Record<string, number>>;
  readonly exporterKills: number;
  readonly targetKills: number;
  readonly brokerKills: number;
  /** How often the exporter ended by itself, while something it needs was away. */
  readonly ends: number;
  /** Seconds from the last kill until everything was there. */
  readonly drained: number;
}

/** Between two kills of a target, and of the broker: long enough for an exporter to find its way back, mostly. Milliseconds. */
const TARGET_PAUSE = { least: 1_500, more: 3_000 };
const BROKER_PAUSE = { least: 6_000, more: 6_000 };
const DRAIN_MS = 180_000;
const SETTLE_MS = 60_000;

/** Each of these exports, its target and the broker are killed while batches come; then what is in the targets is counted. */
export async function exportKills(log: PinnedLog, plan: KillsPlan): Promise<KillsRun[]> {
  const { sinks, kills, seed, broker, say } = plan;
  const load = new Load(log, plan.rate);
  const targets: Target[] = [];
  const members: Member[] = [];
  const deadline = performance.now() + plan.withinMs;
  const over = () => performance.now() > deadline;
  try {
    await load.prepare();
    for (const sink of sinks) {
      targets.push(await startTarget(sink));
      say(`${sink}: its target runs`);
    }
    members.push(...targets.map((target) => new Member(log, target)));
    const feeding = load.run();
    feeding.catch(() => undefined);
    const between =
      (chances: Chances, { least, more }: typeof TARGET_PAUSE) =>
      () =>
        least + more * chances.float();
    const targetKills = new Map<string, Promise<number>>();
    const harassed = members.map(async (member, i) => {
      await member.harass(kills, new Chances(seed + i), over);
      say(
        `${member.name}: killed ${JSON.stringify(Object.fromEntries(member.kills))}, ended by itself ${member.ends}×`,
      );
      void member.run();
    });
    for (const [i, target] of targets.entries()) {
      const pauseMs = between(new Chances(seed + 100 + i), TARGET_PAUSE);
      targetKills.set(target.sink, outages(target.restart, { kills, pauseMs, over }));
    }
    const pauseMs = between(new Chances(seed + 200), BROKER_PAUSE);
    const brokerKilled = broker ? outages(broker, { kills, pauseMs, over }) : Promise.resolve(0);
    const takingBack = (async () => {
      for (const ms of plan.takeBackMs) {
        await pause(ms);
        await load.takeSomeBack();
      }
    })();
    await Promise.all([...harassed, ...targetKills.values(), brokerKilled, takingBack]);
    load.stop();
    await feeding;
    say(`all killed; ${load.sent} rows were sent`);
    const began = performance.now();
    const runs: KillsRun[] = [];
    for (const [i, target] of targets.entries()) {
      const member = members[i] as Member;
      await caughtUp(target, member, log.ends());
      const verdict = await settled(target, load);
      runs.push({
        ...verdict,
        exporter: Object.fromEntries(member.kills),
        exporterKills: member.killed,
        targetKills: (await targetKills.get(target.sink)) ?? 0,
        brokerKills: await brokerKilled,
        ends: member.ends,
        drained: Math.round((performance.now() - began) / 1_000),
      });
      say(JSON.stringify(runs.at(-1)));
      if (member.lastWords) say(`  ended last with ${member.lastWords.slice(0, 400)}`);
    }
    return runs;
  } finally {
    load.stop();
    await Promise.all(members.map((member) => member.stop()));
    for (const target of targets) await target.close();
  }
}

/** Waits until the position in the output says that everything was delivered. */
async function caughtUp({ sink: name, config, env }: Target, member: Member, ends: readonly number[]): Promise<void> {
  const sink: Sink = createSink(name, config, {
    ...{ log: '00'.repeat(16), name },
    privateTargets: (env.DDC_PRIVATE_TARGETS ?? '').split(',').filter((text) => text !== ''),
  });
  const deadline = performance.now() + DRAIN_MS;
  try {
    for (const [partition, end] of ends.entries()) {
      for (;;) {
        const mark = await sink.position(partition).then(
          (position) => position.mark,
          () => -1,
        );
        if (mark >= end - 1) break;
        if (performance.now() > deadline)
          throw new Error(
            `${name} stands at ${mark} of partition ${partition}, which ends at ${end}; its exporter ended ${member.ends} times, last with ${member.lastWords}; ${member.said()}`,
          );
        await pause(250);
      }
    }
  } finally {
    await sink.close();
  }
}

/** Erasures and removals are applied beside deliveries: they have their time too. */
async function settled(target: Target, load: Load): Promise<Verdict> {
  for (const deadline = performance.now() + SETTLE_MS; ; ) {
    const verdict = await judge(target, load);
    if (isClean(verdict) || verdict.doubled > 0 || performance.now() > deadline) return verdict;
    await pause(1_000);
  }
}

/** What is wrong with a run; nothing when it passed. */
export function problemsOf(run: KillsRun, kills: number, withBroker: boolean): string[] {
  const { sink, lost, doubled, back, strange, first } = run;
  const problems: string[] = [];
  if (!isClean(run)) problems.push(`lost ${lost}, doubled ${doubled}, back ${back}, strange ${strange}; ${first}`);
  for (const [what, n] of [
    ['exporter', run.exporterKills],
    ['target', run.targetKills],
    ...(withBroker ? [['broker', run.brokerKills] as const] : []),
  ] as const)
    if (n < kills) problems.push(`the ${what} was killed ${n} times, ${kills} were wanted`);
  return problems.map((problem) => `${sink}: ${problem}`);
}
