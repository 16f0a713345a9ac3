import { ALL_RULES, type Rules } from '../../services/pipeline/rules/rules.ts';
import { violations } from './invariants.ts';
import { isKnown, parkAll, repairNow, retrySome, sendBatch } from './people.ts';
import { Chances } from './random.ts';
import { ROOMS, type Room, runRoom } from './rooms.ts';
import type { Instance } from './scheduler.ts';
import { type Flaw, TOPICS, type Weather, World } from './world.ts';

const FLAWS: readonly Flaw[] = ['encryptor refuses', 'pinner refuses', 'encryptor crashes', 'pinner crashes'];
/** A drained corridor needs far fewer steps; one that needs more never will. */
const MAX_STEPS = 4_000;

export interface Run {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly steps: number;
  readonly received: number;
  readonly lies: number;
}

function weatherOf(chances: Chances): Weather {
  const some = (share: number, most: number) => (chances.happens(share) ? chances.float() * most : 0);
  return {
    lie: some(0.5, 0.2),
    lostAck: some(0.6, 0.2),
    refuse: some(0.5, 0.15),
    late: some(0.4, 0.15),
    skip: some(0.5, 0.15),
    crash: some(0.7, 0.06),
    rebalance: some(0.7, 0.06),
    resend: some(0.6, 0.5),
    flaw: some(0.4, 0.5),
    erase: some(0.3, 0.02),
  };
}

/** One run of the corridor: a storm, then calm until everything is drained. */
export async function runModel(seed: number, rules: Rules = ALL_RULES): Promise<Run> {
  const chances = new Chances(seed);
  const world = new World(chances, weatherOf(chances), rules);
  const { scheduler } = world;
  const instances = new Map<Room, Instance[]>(ROOMS.map((room) => [room, []]));
  const people: Instance = { room: 'people', revoke: new AbortController(), alive: true };
  let failure: unknown = null;

  const begin = (flow: () => Promise<void>) =>
    scheduler.start(() =>
      flow().catch((error) => {
        failure ??= error;
      }),
    );

  const spawn = (room: Room) => {
    const instance: Instance = { room, revoke: new AbortController(), alive: true };
    instances.get(room)?.push(instance);
    // A room that throws has met a bug: its process is gone, and its crash is counted.
    return scheduler.start(() =>
      runRoom(world, instance, room).then(
        () => scheduler.kill(instance),
        () => scheduler.kill(instance),
      ),
    );
  };
  const living = (room: Room) => (instances.get(room) ?? []).filter(({ alive }) => alive);

  const misfortune = async () => {
    const room = chances.pick(ROOMS);
    if (world.chance('crash')) {
      const [victim] = living(room);
      if (victim) scheduler.kill(victim);
    }
    if (world.chance('rebalance') && living(room).length < 3) {
      // The old one is told, or is not: then it goes on as a zombie until it finds out by itself.
      if (chances.happens(0.4)) for (const old of living(room)) old.revoke.abort(new Error('revoked'));
      await spawn(room);
    }
    if (world.chance('erase')) {
      const wallet = chances.below(2);
      await world.erase(wallet);
    }
    if (world.onTheWire.length > 0 && chances.happens(0.1))
      world.onTheWire.splice(chances.below(world.onTheWire.length), 1)[0]?.();
    if (chances.happens(0.01)) await begin(() => parkAll(world, people));
    if (chances.happens(0.01)) await begin(() => retrySome(world, people, 0.5));
    if (world.weather.lie > 0 && chances.happens(0.003)) await begin(() => repairNow(world, people));
  };

  const batches = 2 + chances.below(7);
  const storm = 40 + chances.below(260);
  let sent = 0;
  let steps = 0;
  for (; steps < storm || sent < batches; steps += 1) {
    if (sent < batches && chances.happens(0.15)) {
      world.flaws[sent] = world.chance('flaw') ? chances.pick(FLAWS) : 'none';
      const batch = sent++;
      await begin(() => sendBatch(world, people, batch));
    } else if (sent > 0 && chances.happens(0.04) && world.chance('resend')) {
      const batch = chances.below(sent);
      await begin(() => sendBatch(world, people, batch));
    }
    for (const room of ROOMS) if (living(room).length === 0 && chances.happens(0.2)) await spawn(room);
    await misfortune();
    await scheduler.step(chances);
  }

  world.stormy = false;
  world.mended = true;
  for (const write of world.onTheWire.splice(0)) write();
  // Whoever was replaced is gone by now; the last of each room stays.
  for (const room of ROOMS) for (const old of living(room).slice(0, -1)) scheduler.kill(old);
  let retries = chances.happens(0.7) ? 2 : 0;
  for (let calm = 0; calm < MAX_STEPS; calm += 1, steps += 1) {
    if (calm % 8 === 0) {
      for (const room of ROOMS) if (living(room).length === 0) await spawn(room);
      if (world.drained()) {
        const forgotten: number[] = [];
        for (const batch of world.acknowledged) if (!(await isKnown(world, batch))) forgotten.push(batch);
        for (const batch of forgotten) await begin(() => sendBatch(world, people, batch));
        if (forgotten.length === 0 && retries === 0) break;
        if (forgotten.length === 0) {
          retries -= 1;
          await begin(() => retrySome(world, people, 1));
        }
      } else if (calm % 200 === 0) await begin(() => parkAll(world, people));
    }
    await scheduler.step(chances);
  }
  for (const room of ROOMS) for (const instance of living(room)) scheduler.kill(instance);
  if (failure) throw new Error(`seed ${seed}: the model itself failed`, { cause: failure });
  return { seed, violations: await violations(world), steps, received: world.end(TOPICS.received), lies: world.lies };
}
