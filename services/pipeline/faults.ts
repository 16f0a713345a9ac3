import { z } from 'zod';
import type { LogWriter } from './ports/log.ts';

/** The places where a test may stop a process: just after something left it, just before it is remembered. */
export const FAULT_POINTS = [
  'after-send',
  'after-row',
  'after-pin',
  'after-sign',
  'after-submit',
  'after-erase-commit',
  'after-fence',
  'after-removal-sent',
  'before-receipt',
  'after-receipt',
  'after-blob-pin',
  // Steps of an exporter's sink (`SinkStep`).
  'sink-staged',
  'sink-written',
  'sink-committed',
  'sink-placed',
  'sink-drafted',
  'sink-rewritten',
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];

/** `DDC_FAULTS`: which faults this process injects into itself. */
export const faultPlan = z.strictObject({
  killAt: z.enum(FAULT_POINTS).optional(),
  /** SIGKILL at the n-th time the point is reached; 1 when absent. */
  after: z.int().min(1).optional(),
  /** The writer resolves every n-th send without writing. */
  lieEvery: z.int().min(2).optional(),
});
export type FaultPlan = z.infer<typeof faultPlan>;

export interface Faults {
  /** Called by the code at a named point; does nothing unless the plan says so. */
  reach(point: FaultPoint): void;
  readonly lieEvery: number | null;
}

export const NO_FAULTS: Faults = { reach: () => undefined, lieEvery: null };

/** @param kill ends the process at once, without any clean-up. */
export function createFaults(plan: FaultPlan, kill: () => void): Faults {
  let left = plan.after ?? 1;
  return {
    lieEvery: plan.lieEvery ?? null,
    reach(point) {
      if (point !== plan.killAt) return;
      left -= 1;
      if (left === 0) kill();
    },
  };
}

/** A writer that resolves every n-th send with a plausible offset and writes nothing, as kafkajs can. */
export function lyingWriter(
  writer: LogWriter,
  every: number,
  onLie: (topic: string, partition: number) => void,
): LogWriter {
  let sends = 0;
  const ends = new Map<string, number>();
  return {
    async send(topic, partition, records) {
      sends += 1;
      const place = `${topic}/${partition}`;
      if (sends % every === 0) {
        onLie(topic, partition);
        const offset = ends.get(place) ?? 0;
        ends.set(place, offset + records.length);
        return offset;
      }
      const offset = await writer.send(topic, partition, records);
      ends.set(place, offset + records.length);
      return offset;
    },
    close: () => writer.close(),
  };
}
