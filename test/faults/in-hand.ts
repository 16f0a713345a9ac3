import { sql } from 'kysely';
import type { RoomName } from '../../stack/rooms.ts';
import { metricSum as sumAt } from '../support/metric.ts';
import type { Flow } from './flow.ts';
import type { World } from './world.ts';

/**
 * How much work a room has in hand at this moment, so that a kill hurts: requests without an answer (api), leaves that are not
 * final (settler), inputs read and not yet in the row (all others, as their own metric says). 0 while it does not answer.
 */
export async function inHand(world: World, flow: Flow, room: RoomName): Promise<number> {
  if (room === 'api') return flow.open.size;
  if (room === 'settler') return openLeaves(world);
  return metricSum(world, room, 'ddc_in_hand');
}

/** Sum over the labels of one metric of a room; 0 while it does not answer. */
export const metricSum = (world: World, room: RoomName, name: string): Promise<number> =>
  sumAt(world.sandbox.rooms.url(room), name);

async function openLeaves({ database }: World): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*) AS n FROM leaves LEFT JOIN rounds USING (round, app)
    WHERE rounds.state IS DISTINCT FROM 'final'`.execute(database.kysely);
  return rows[0]?.n ?? 0;
}
