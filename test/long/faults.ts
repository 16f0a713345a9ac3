import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { ROOMS, type RoomName } from '../../stack/rooms.ts';
import { drain } from '../faults/drain.ts';
import { Flow } from '../faults/flow.ts';
import { harass } from '../faults/injector.ts';
import { describeKills, tableHead, tableRow } from '../faults/report.ts';
import { judge } from '../faults/verdict.ts';
import { openWorld } from '../faults/world.ts';
import type { LongContext } from '../support/long.ts';

const say = (text: string) => process.stdout.write(`${text}\n`);

export default async function faults({ stack, args }: LongContext): Promise<void> {
  Object.assign(process.env, stack.env);
  const seed = Number(process.env.DDC_SEED ?? randomInt(2 ** 31));
  const rooms = args.length > 0 ? (args as RoomName[]) : [...ROOMS];
  const world = await openWorld({ label: 'main', stack, folder: join(stack.folder, 'main') });
  try {
    say(tableHead());
    for (const [i, room] of rooms.entries()) {
      const flow = new Flow(world, { label: room, seed: seed + i, events: 20_000, seconds: 80 });
      const running = flow.run();
      const kills = await harass(world, flow, room, { everyMs: 8_000, seed: seed + i });
      for (const kill of kills) say(JSON.stringify(kill));
      const seconds = await drain(world, flow, 120_000);
      await running;
      const verdict = await judge(world, flow);
      say(tableRow(verdict, describeKills(kills), seconds));
      for (const problem of verdict.problems) say(`  ${problem}`);
    }
  } finally {
    await world.close();
  }
}
