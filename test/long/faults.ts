import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { ROOMS, type RoomName } from '../../stack/rooms.ts';
import { runControl, UNPROTECTED } from '../faults/control.ts';
import {
  byHand,
  describeKills,
  describeLies,
  describeParts,
  doubledOf,
  lostOf,
  tableHead,
  tableRow,
} from '../faults/report.ts';
import { type FlowRun, flowAgainst, flowAgainstParts, flowOfLies, problemsOf } from '../faults/run-flow.ts';
import type { Verdict } from '../faults/verdict.ts';
import { openWorld, type World } from '../faults/world.ts';
import type { LongContext } from '../support/long.ts';

const say = (text: string) => process.stdout.write(`${text}\n`);
/** Of a flow of 80 s with a kill every 8 s; a busy machine takes longer to start a room. */
const LEAST_KILLS = 8;
const FLOWS = [...ROOMS, 'parts', 'lies', 'control'] as const;
type FlowName = (typeof FLOWS)[number];

/**
 * `npm run test:long -- faults [flow…]`: without names all of them. `DDC_SEED` repeats a run's wallets, points and pauses.
 * The last line of stdout is JSON with the figures.
 */
export default async function faults({ stack, args }: LongContext): Promise<void> {
  const unknown = args.filter((name) => !(FLOWS as readonly string[]).includes(name));
  if (unknown.length > 0) throw new Error(`There is no flow ${unknown.join(', ')}; there are: ${FLOWS.join(', ')}.`);
  const wanted = args.length > 0 ? (args as FlowName[]) : [...FLOWS];
  const seed = Number(process.env.DDC_SEED ?? randomInt(2 ** 31));
  const began = performance.now();
  Object.assign(process.env, stack.env);
  say(`seed ${seed}; logs of the rooms: ${stack.folder}/{main,control}/logs`);
  const runs: FlowRun[] = [];
  const problems: string[] = [];
  let control: Verdict | null = null;
  try {
    const flows = wanted.filter((name) => name !== 'control');
    if (flows.length > 0) {
      const world = await openWorld({ label: 'main', stack, folder: join(stack.folder, 'main') });
      try {
        say(tableHead());
        for (const [i, name] of flows.entries()) {
          const run = await runOf(world, name, seed + i);
          runs.push(run);
          say(tableRow(run.verdict, describe(run), run.drained));
          const found = problemsOf(run, (ROOMS as readonly string[]).includes(name) ? { kills: LEAST_KILLS } : {});
          for (const problem of found) say(`  ${problem}`);
          problems.push(...found);
        }
      } finally {
        await world.close();
      }
    }
    if (wanted.includes('control')) {
      const folder = join(stack.folder, 'control');
      const world = await openWorld({ label: 'control', stack, folder, env: UNPROTECTED });
      try {
        control = (await runControl(world, { seed, seconds: 25 })).verdict;
        say(`control, read rule and dedup off: doubled ${JSON.stringify(control.doubled)}`);
        if (doubledOf(control) === 0)
          problems.push('control: nothing doubled without the rules: the faults prove nothing');
      } finally {
        await world.close();
      }
    }
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  say(JSON.stringify(figures(seed, runs, control, problems, (performance.now() - began) / 1000)));
  if (problems.length > 0) throw new Error(`${problems.length} problems:\n${problems.join('\n')}`);
}

function runOf(world: World, name: Exclude<FlowName, 'control'>, seed: number): Promise<FlowRun> {
  if (name === 'parts') return flowAgainstParts(world, seed);
  if (name === 'lies') return flowOfLies(world, seed);
  return flowAgainst(world, name satisfies RoomName, seed);
}

function describe(run: FlowRun): string {
  if (run.parts.length > 0) return describeParts(run.parts);
  return run.kills.length > 0 ? describeKills(run.kills) : describeLies(run.lies);
}

function figures(seed: number, runs: readonly FlowRun[], control: Verdict | null, problems: string[], seconds: number) {
  const sum = (of: (run: FlowRun) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const kills = runs.flatMap((run) => run.kills);
  const last = runs.at(-1)?.verdict;
  return {
    seed,
    flows: runs.length,
    batches: sum(({ verdict }) => verdict.accepted),
    events: sum(({ verdict }) => verdict.events),
    resent: sum(({ verdict }) => verdict.resent),
    kills: kills.length,
    kills_at_points: kills.length - byHand(kills),
    parts_killed: sum(({ parts }) => parts.length),
    lies: runs.find((run) => Object.keys(run.lies).length > 0)?.lies ?? {},
    lost: sum(({ verdict }) => lostOf(verdict)),
    doubled: sum(({ verdict }) => doubledOf(verdict)),
    false_202: sum(({ verdict }) => (verdict.label === 'lies' ? 0 : verdict.false202)),
    transferred: String(last?.transferred ?? 0n),
    fees: String(last?.fees ?? 0n),
    leftovers: last?.leftovers ?? {},
    control_doubled: control?.doubled ?? {},
    problems: problems.length,
    seconds: Math.round(seconds),
  };
}
