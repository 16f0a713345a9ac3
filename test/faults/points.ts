import type { FaultPoint } from '../../services/pipeline/faults.ts';
import type { RoomName } from '../../stack/rooms.ts';
import type { Chances } from '../model/random.ts';

/** Where each room can be made to kill itself, and about how often it comes there in a second of a flow. */
const POINTS: Readonly<Record<RoomName, Readonly<Partial<Record<FaultPoint, number>>>>> = {
  api: { 'after-send': 20 },
  encryptor: { 'after-send': 15, 'after-row': 15 },
  pinner: { 'after-pin': 3, 'after-send': 3, 'after-row': 3 },
  indexer: { 'after-row': 3 },
  settler: { 'after-sign': 0.2, 'after-submit': 0.2, 'after-row': 3 },
  exporter: { 'after-row': 3 },
};

export const pointsOf = (room: RoomName): FaultPoint[] => Object.keys(POINTS[room]) as FaultPoint[];

/** The plan for a process that shall die at this point after some seconds of work. */
export function planFor(room: RoomName, point: FaultPoint, chances: Chances): { killAt: FaultPoint; after: number } {
  const seconds = 1 + 3 * chances.float();
  return { killAt: point, after: Math.max(1, Math.round((POINTS[room][point] ?? 1) * seconds)) };
}
