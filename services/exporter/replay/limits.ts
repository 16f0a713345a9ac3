import type { FlushLimits } from '../../pipeline/accepted.ts';
import type { PaceLimits } from './pace.ts';

const KIB = 1024;
const MIB = KIB * KIB;
/** What an event takes in `pinned`, roughly: a delivery is about a second of the rate. */
const EVENT_BYTES = 512;

/**
 * Replays that somebody asked to be slow deliver little at a time, so that they are as steady as they are slow; without a rate they deliver as
 * much as an export. One with a share of the CPU may need seconds for a delivery of little, so it is neither: each delivery makes files durable,
 * and a disk that does so makes live traffic wait.
 */
export function replayLimits({ rate, cpuShare }: PaceLimits): FlushLimits {
  const ofRate = rate === null ? 8 * MIB : Math.max(16 * KIB, rate * EVENT_BYTES);
  return { maxRecords: 10_000, maxBytes: Math.min(cpuShare === null ? 8 * MIB : MIB, ofRate), lingerMs: 0 };
}
