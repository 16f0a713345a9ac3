import type { RoomName } from '../../stack/rooms.ts';
import { metricSum } from './in-hand.ts';
import type { World } from './world.ts';

export const LIARS = ['api', 'encryptor', 'pinner'] as const satisfies readonly RoomName[];

/** Sends of which one is a lie; the pinner makes the fewest. */
const LIE_EVERY: Readonly<Record<(typeof LIARS)[number], number>> = { api: 11, encryptor: 40, pinner: 3 };

/** From now on these rooms' producers resolve some sends and write nothing. */
export async function startLying({ sandbox }: World): Promise<void> {
  for (const room of LIARS) {
    await sandbox.rooms.start(room, { DDC_FAULTS: JSON.stringify({ lieEvery: LIE_EVERY[room] }) });
  }
  await Promise.all(LIARS.map((room) => sandbox.rooms.ready(room)));
}

export async function stopLying({ sandbox }: World): Promise<void> {
  for (const room of LIARS) await sandbox.rooms.start(room);
  await Promise.all(LIARS.map((room) => sandbox.rooms.ready(room)));
}

/** How often each lied, as the injector in the process counts. */
export async function countLies(world: World): Promise<Record<(typeof LIARS)[number], number>> {
  const counts = await Promise.all(LIARS.map((room) => metricSum(world, room, 'ddc_injected_lies_total')));
  return { api: counts[0] ?? 0, encryptor: counts[1] ?? 0, pinner: counts[2] ?? 0 };
}
