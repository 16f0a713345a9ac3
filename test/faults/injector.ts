import { once } from 'node:events';
import type { FaultPoint } from '../../services/pipeline/faults.ts';
import type { RoomName } from '../../stack/rooms.ts';
import type { RoomExit } from '../../stack/supervisor.ts';
import { Chances } from '../model/random.ts';
import type { Flow } from './flow.ts';
import { inHand } from './in-hand.ts';
import { planFor, pointsOf } from './points.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

/** One SIGKILL that counts. */
export interface Kill {
  readonly room: RoomName;
  /** `hand`: from outside, with work in hand. Otherwise the named point at which the process killed itself. */
  readonly how: 'hand' | FaultPoint;
  /** What was in hand right before; at a named point 1, by construction. */
  readonly inHand: number;
  /** Seconds since the flow began. */
  readonly at: number;
}

export interface HarassOptions {
  /** Milliseconds between kills of one room. */
  readonly everyMs: number;
  readonly seed: number;
  /** No more than this; as many as the flow lasts when absent. */
  readonly kills?: number;
}

/** A process that does not come to its point in this time is killed from outside instead. */
const POINT_PATIENCE_MS = 25_000;
const READY_MS = 60_000;

/** Kills a room again and again while a flow is sent: in turn from outside and at its named points. @returns what counted */
export async function harass(world: World, flow: Flow, room: RoomName, options: HarassOptions): Promise<Kill[]> {
  const { rooms } = world.sandbox;
  const chances = new Chances(options.seed);
  const points = pointsOf(room);
  const began = performance.now();
  const kills: Kill[] = [];
  const over = (): boolean => flow.sent || kills.length >= (options.kills ?? Number.POSITIVE_INFINITY);
  let last = began;
  let atPoint = 0;
  let armed: FaultPoint | null = null;

  const note = (how: Kill['how'], held: number): void => {
    last = performance.now();
    kills.push({ room, how, inHand: held, at: Math.round((last - began) / 100) / 10 });
  };

  /** Starts it again at once; every second time so that it will kill itself. */
  async function restart(): Promise<void> {
    armed = null;
    const env: Record<string, string> = {};
    if (!over() && kills.length % 2 === 1) {
      armed = points[atPoint++ % points.length] as FaultPoint;
      env.DDC_FAULTS = JSON.stringify(planFor(room, armed, flow.options, chances));
    }
    await rooms.start(room, env);
  }

  async function fromOutside(): Promise<void> {
    await until(() => (over() || performance.now() - last >= options.everyMs ? true : null), {
      within: 600_000,
      every: 20,
    });
    const held = await until(async () => (await inHand(world, flow, room)) || null, {
      within: READY_MS,
      every: 3,
      givenUp: over,
    });
    if (held === null) return;
    const unanswered = [...flow.open];
    if (room === 'api' && unanswered.length === 0) return;
    const exit = nextExit(world, room);
    if (!rooms.kill(room)) return;
    await exit;
    if (room === 'api') {
      await Promise.all(unanswered.map((request) => request.ended));
      // Their answers had crossed the kill.
      if (!unanswered.some((request) => request.failed)) return restart();
    }
    note('hand', held);
    await restart();
  }

  async function atItsPoint(point: FaultPoint): Promise<void> {
    const exit = nextExit(world, room).then(({ signal }) => signal);
    let signal: NodeJS.Signals | null | undefined;
    void exit.then((value) => {
      signal = value;
    });
    const ended = await until(() => (signal === undefined ? null : true), {
      within: POINT_PATIENCE_MS,
      every: 20,
      givenUp: over,
    });
    if (ended && signal === 'SIGKILL') note(point, 1);
    if (ended) await restart();
    else armed = null;
  }

  while (!over()) {
    if (armed !== null) await atItsPoint(armed);
    else {
      await rooms.ready(room, READY_MS);
      await fromOutside();
    }
  }
  // Whatever it was armed with: from here on it only works.
  await rooms.start(room);
  return kills;
}

/** The next end of a room's process. */
async function nextExit({ sandbox }: World, room: RoomName): Promise<RoomExit> {
  for (;;) {
    const [exit] = (await once(sandbox.rooms, 'exit')) as [RoomExit];
    if (exit.room === room) return exit;
  }
}
