import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../pipeline/clock.ts';
import { oneAtATime } from '../../pipeline/one-at-a-time.ts';

/** Holds a replay to what it may take of the machine that it shares with live traffic. */
export interface Pace {
  /** Does the work that reads so many events when it is its turn: what was taken before is paid for by then. */
  take<T>(events: number, work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Between the batches of that work: lets the process answer heartbeats, and waits until the CPU that it has taken is paid for. */
  breathe(): Promise<void>;
}

export interface PaceLimits {
  /** Events a second; null: no limit. */
  readonly rate: number | null;
  /** Of one core, 1 being all its time; null: no limit. */
  readonly cpuShare: number | null;
}

export interface PaceEdges {
  readonly clock: Pick<Clock, 'sleep'>;
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
  /** CPU that this process has taken so far, milliseconds. */
  readonly cpu: () => number;
}

/** So long may CPU be taken without a pause after a time of rest. Milliseconds of CPU. */
const CPU_BURST_MS = 20;

/**
 * Two token buckets that may run into debt: what was taken in one go is waited for before the next. That of events holds a second's worth, so
 * that a pause is not made up for. The share is there because an event costs what its batch costs: small batches, or files of many days, take
 * many times the CPU of large ones, which no rate of events sees. It is paid for batch by batch: seconds of work at full speed make live traffic
 * wait however long the rest is that follows, and however nice the work.
 */
export function createPace({ rate, cpuShare }: PaceLimits, { clock, elapsed, cpu }: PaceEdges): Pace {
  if (rate === null && cpuShare === null) return { take: (_, work) => work(), breathe: () => setImmediate() };
  const read = bucket(rate, rate ?? 0, elapsed);
  const worked = bucket(cpuShare === null ? null : cpuShare * 1_000, CPU_BURST_MS, elapsed);
  const inTurn = oneAtATime();
  let current: AbortSignal | undefined;
  /** What the process takes to start is not part of the work. */
  let before: number | null = null;
  function charge(): void {
    const now = cpu();
    worked.spend(now - (before ?? now));
    before = now;
  }
  return {
    take: (events, work, signal) =>
      inTurn(async () => {
        charge();
        const waitMs = Math.max(read.owedMs(), worked.owedMs());
        if (waitMs > 0) await clock.sleep(waitMs, signal);
        current = signal;
        try {
          return await work();
        } finally {
          read.spend(events);
        }
      }),
    async breathe() {
      charge();
      const waitMs = worked.owedMs();
      if (waitMs > 0) await clock.sleep(waitMs, current);
      else await setImmediate();
    },
  };
}

/** @param perSecond tokens that come; null: there are always enough. @param most that it holds, and has at the start */
function bucket(perSecond: number | null, most: number, elapsed: () => number) {
  let tokens = most;
  let at = elapsed();
  function refill(rate: number): void {
    const now = elapsed();
    tokens = Math.min(most, tokens + ((now - at) / 1000) * rate);
    at = now;
  }
  return {
    /** How long until nothing is owed. */
    owedMs(): number {
      if (perSecond === null) return 0;
      refill(perSecond);
      return tokens < 0 ? Math.ceil((-tokens / perSecond) * 1000) : 0;
    },
    spend(count: number): void {
      if (perSecond === null) return;
      refill(perSecond);
      tokens -= count;
    },
  };
}
