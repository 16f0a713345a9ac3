import type { FaultPoint } from '../../services/pipeline/faults.ts';
import type { RoomName } from '../../stack/rooms.ts';
import type { Chances } from '../model/random.ts';
import type { FlowOptions } from './flow.ts';

/** How often a room comes to a point: with the batches, or with time where it collects them. */
type Often = { readonly perBatch: number } | { readonly perSecond: number };

/** Where each room can be made to kill itself, and about how often it comes there. */
const POINTS: Readonly<Record<RoomName, Readonly<Partial<Record<FaultPoint, Often>>>>> = {
  api: { 'after-send': { perBatch: 0.8 } },
  encryptor: { 'after-send': { perBatch: 0.6 }, 'after-row': { perBatch: 0.6 } },
  pinner: { 'after-pin': { perSecond: 3 }, 'after-send': { perSecond: 3 }, 'after-row': { perSecond: 3 } },
  indexer: { 'after-row': { perSecond: 3 } },
  settler: { 'after-sign': { perSecond: 0.2 }, 'after-submit': { perSecond: 0.2 }, 'after-row': { perSecond: 3 } },
  exporter: { 'after-row': { perSecond: 3 } },
  // It writes nothing of its own: what it starts is killed.
  exports: {},
};
const BATCH = 10;

export const pointsOf = (room: RoomName): FaultPoint[] => Object.keys(POINTS[room]) as FaultPoint[];

/** The plan for a process that shall die at this point after one to four seconds of work. */
export function planFor(room: RoomName, point: FaultPoint, flow: FlowOptions, chances: Chances) {
  const often = POINTS[room][point] ?? { perSecond: 1 };
  const rate = 'perSecond' in often ? often.perSecond : (often.perBatch * flow.events) / flow.seconds / BATCH;
  return { killAt: point, after: Math.max(1, Math.round(rate * (1 + 3 * chances.float()))) };
}
