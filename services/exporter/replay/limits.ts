import type { FlushLimits } from '../../pipeline/accepted.ts';

const KIB = 1024;
const MIB = KIB * KIB;
/** What an event takes in `pinned`, roughly: a delivery is about a second of the rate. */
const EVENT_BYTES = 512;

/** Slow replays deliver little at a time, so that they are as steady as they are slow. @param rate events a second; null: no limit */
export function replayLimits(rate: number | null): FlushLimits {
  const maxBytes = rate === null ? 8 * MIB : Math.min(8 * MIB, Math.max(16 * KIB, rate * EVENT_BYTES));
  return { maxRecords: 10_000, maxBytes, lingerMs: 0 };
}
