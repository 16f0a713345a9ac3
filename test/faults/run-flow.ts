import type { RoomName } from '../../stack/rooms.ts';
import { drain } from './drain.ts';
import { Flow } from './flow.ts';
import { harass, type Kill } from './injector.ts';
import { countLies, LIARS, startLying, stopLying } from './lies.ts';
import { killParts, type PartKill } from './parts.ts';
import { until } from './until.ts';
import { judge, type Verdict } from './verdict.ts';
import type { World } from './world.ts';

/** One flow, what was done to it, and what it came to. */
export interface FlowRun {
  readonly verdict: Verdict;
  readonly kills: readonly Kill[];
  readonly parts: readonly PartKill[];
  readonly lies: Readonly<Record<string, number>>;
  /** Seconds from the last fault until everything had arrived everywhere. */
  readonly drained: number;
}

const DRAIN_MS = 120_000;
const EVENTS = 20_000;
const SECONDS = 80;
const KILL_EVERY_MS = 8_000;
const LEAST_LIES = 10;
const PARTS = ['kafka', 'ipfs', 'postgres', 'chain'] as const;

type Faults = (flow: Flow) => Promise<Partial<Pick<FlowRun, 'kills' | 'parts' | 'lies'>>>;

async function runFlow(world: World, flow: Flow, faults: Faults, lies = false): Promise<FlowRun> {
  const running = flow.run();
  // Looked at below; without this a failure would end the process before the faults are over.
  running.catch(() => undefined);
  const done = await faults(flow);
  const drained = await drain(world, flow, DRAIN_MS + (flow.sent ? 0 : SECONDS * 1000));
  await running;
  return { kills: [], parts: [], lies: {}, ...done, drained, verdict: await judge(world, flow, lies) };
}

/** One flow through rooms of which one is killed about every 8 s. */
export function flowAgainst(world: World, room: RoomName, seed: number): Promise<FlowRun> {
  const flow = new Flow(world, { label: room, seed, events: EVENTS, seconds: SECONDS });
  return runFlow(world, flow, async () => ({
    kills: await harass(world, flow, room, { everyMs: KILL_EVERY_MS, seed }),
  }));
}

/** One flow during which every room is killed `kills` times, one room after the other. */
export function flowAgainstEach(
  world: World,
  rooms: readonly RoomName[],
  options: { seed: number; kills: number; eventsPerSecond: number },
): Promise<FlowRun> {
  const { seed, kills, eventsPerSecond } = options;
  const seconds = 600;
  const flow = new Flow(world, { label: 'each-room', seed, events: seconds * eventsPerSecond, seconds });
  return runFlow(world, flow, async () => {
    const all: Kill[] = [];
    for (const [i, room] of rooms.entries()) {
      all.push(...(await harass(world, flow, room, { everyMs: 1_000, seed: seed + i, kills })));
      await world.sandbox.rooms.ready(room);
    }
    flow.stop();
    return { kills: all };
  });
}

/** One flow during which Kafka, Kubo, PostgreSQL and the chain are killed once each. */
export function flowAgainstParts(world: World, seed: number): Promise<FlowRun> {
  const flow = new Flow(world, { label: 'parts', seed, events: EVENTS, seconds: SECONDS });
  const everyMs = (SECONDS * 1000) / (PARTS.length + 1);
  return runFlow(world, flow, async () => ({ parts: await killParts(world, flow, PARTS, everyMs) }));
}

/** One flow through producers that lie, until each of them has lied often enough; then everything must be mended. */
export async function flowOfLies(world: World, seed: number): Promise<FlowRun> {
  await startLying(world);
  const flow = new Flow(world, { label: 'lies', seed, events: EVENTS, seconds: SECONDS });
  return runFlow(
    world,
    flow,
    async () => {
      const enough = async () => {
        const counts = await countLies(world);
        return LIARS.every((room) => counts[room] >= LEAST_LIES) ? counts : null;
      };
      const lies = await until(enough, { within: SECONDS * 1000, every: 500 });
      const counted = lies ?? (await countLies(world));
      flow.stop();
      await stopLying(world);
      return { lies: counted };
    },
    true,
  );
}

/** What is wrong with a run; nothing when it passed. */
export function problemsOf(run: FlowRun, least: { kills?: number; lies?: number } = {}): string[] {
  const problems = [...run.verdict.problems];
  const atPoints = run.kills.filter(({ how }) => how !== 'hand').length;
  if (least.kills !== undefined && run.kills.length < least.kills)
    problems.push(`only ${run.kills.length} kills counted, ${least.kills} were wanted`);
  if (least.kills !== undefined && atPoints < Math.floor(least.kills / 2) - 1)
    problems.push(`only ${atPoints} of ${run.kills.length} kills at a named point`);
  for (const [room, lies] of Object.entries(run.lies))
    if (lies < (least.lies ?? LEAST_LIES)) problems.push(`the ${room} lied only ${lies} times`);
  return problems.map((problem) => `${run.verdict.label}: ${problem}`);
}
