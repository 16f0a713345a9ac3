import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { exportControl } from '../export-kills/control.ts';
import { exportKills, type KillsRun, problemsOf } from '../export-kills/run.ts';
import { TARGETS } from '../export-kills/targets.ts';
import type { Verdict } from '../export-kills/verdict.ts';
import type { LongContext } from '../support/long.ts';
import { openPinnedLog } from '../support/pinned-log.ts';

const say = (text: string) => process.stdout.write(`${text}\n`);
const RATE = { batches: 6, events: 6, everyMs: 400 };
const PARTITIONS = 2;
const MINUTE_MS = 60_000;
/** A busy machine takes long to start seven exporters. Milliseconds a kill. */
const EACH_MS = 90_000;
/** With positions in the output these two lose and double nothing. */
const CONTROLS = ['parquet', 'postgres'];

/**
 * `npm run test:long -- exports [--sink name…] [--kills n] [--minutes n]`: exporters, their targets and the broker are killed under load, ten times each; then the same
 * with positions in Kafka. Without names all sinks at once. `DDC_SEED` repeats points and pauses. The last line of stdout is JSON with the figures.
 */
export default async function exports({ stack, args }: LongContext): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sink: { type: 'string', multiple: true },
      kills: { type: 'string', default: '10' },
      minutes: { type: 'string' },
    },
  });
  const sinks = values.sink?.flatMap((names) => names.split(',')) ?? TARGETS;
  const kills = Number(values.kills);
  const withinMs = values.minutes === undefined ? kills * EACH_MS + MINUTE_MS : Number(values.minutes) * MINUTE_MS;
  const seed = Number(process.env.DDC_SEED ?? randomInt(2 ** 31));
  Object.assign(process.env, stack.env);
  const broker = stack.parts.get('kafka');
  if (!broker) throw new Error('there is no Kafka to kill');
  say(`seed ${seed}`);
  const began = performance.now();
  const problems: string[] = [];
  let runs: readonly KillsRun[] = [];
  const controls: Verdict[] = [];
  const log = await openPinnedLog('exports-kills', PARTITIONS);
  try {
    runs = await exportKills(log, {
      ...{ sinks, kills, seed, say, rate: RATE, withinMs, takeBackMs: [5_000, 10_000, 20_000] },
      broker: async () => {
        await broker.kill();
        await broker.restart();
      },
    });
    for (const run of runs) problems.push(...problemsOf(run, kills, true));
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await log.close();
  }
  for (const sink of CONTROLS.filter((name) => sinks.includes(name))) {
    const own = await openPinnedLog('exports-control', PARTITIONS);
    try {
      const verdict = await exportControl(own, { sink, kills: 4, rate: RATE, seed });
      controls.push(verdict);
      say(`control of ${sink}, positions in Kafka: doubled ${verdict.doubled} of ${verdict.rows}`);
      if (verdict.doubled === 0) problems.push(`control of ${sink}: nothing doubled, so the kills prove nothing`);
    } finally {
      await own.close();
    }
  }
  const doubled = Object.fromEntries(controls.map((one) => [one.sink, one.doubled]));
  const seconds = Math.round((performance.now() - began) / 1_000);
  say(JSON.stringify({ seed, kills, runs, control_doubled: doubled, problems: problems.length, seconds }));
  if (problems.length > 0) throw new Error(`${problems.length} problems:\n${problems.join('\n')}`);
}
