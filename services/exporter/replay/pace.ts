import type { Clock } from '../../pipeline/clock.ts';
import { oneAtATime } from '../../pipeline/one-at-a-time.ts';

/** Holds a replay to what it may take of the machine that it shares with live traffic. */
export interface Pace {
  /** Does the work that reads so many events when it is its turn: what was taken before is paid for by then. */
  take<T>(events: number, work: () => Promise<T>, signal: AbortSignal): Promise<T>;
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

/**
 * Two token buckets that may run into debt: what was taken in one go is waited for before the next. Each holds a second's worth, so that a pause
 * is not made up for. The share is there because an event costs what its batch costs: small batches, or files of many days, take many times the
 * CPU of large ones, which no rate of events sees.
 */
export function createPace({ rate, cpuShare }: PaceLimits, { clock, elapsed, cpu }: PaceEdges): Pace {
  if (rate === null && cpuShare === null) return { take: (_, work) => work() };
  const read = bucket(rate, elapsed);
  const worked = bucket(cpuShare === null ? null : cpuShare * 1_000, elapsed);
  const inTurn = oneAtATime();
  let before = cpu();
  return {
    take: (events, work, signal) =>
      inTurn(async () => {
        const waitMs = Math.max(read.owedMs(), worked.owedMs());
        if (waitMs > 0) await clock.sleep(waitMs, signal);
        try {
          return await work();
        } finally {
          const now = cpu();
          read.spend(events);
          worked.spend(now - before);
          before = now;
        }
      }),
  };
}

/** @param perSecond tokens that come, and that it holds at most; null: there are always enough */
function bucket(perSecond: number | null, elapsed: () => number) {
  let tokens = perSecond ?? 0;
  let at = elapsed();
  function refill(rate: number): void {
    const now = elapsed();
    tokens = Math.min(rate, tokens + ((now - at) / 1000) * rate);
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
