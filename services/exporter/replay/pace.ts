/** Holds a replay to so many events a second. */
export interface Pace {
  /** So many were read. @returns milliseconds to wait before reading on */
  took(events: number): number;
}

/**
 * A token bucket that may run into debt: what was read in one go is waited for afterwards. It holds a second's worth, so that a pause is not
 * made up for.
 * @param rate events a second; null: no limit
 * @param elapsed milliseconds, monotonic
 */
export function createPace(rate: number | null, elapsed: () => number): Pace {
  if (rate === null) return { took: () => 0 };
  let tokens = rate;
  let at = elapsed();
  return {
    took(events) {
      const now = elapsed();
      tokens = Math.min(rate, tokens + ((now - at) / 1000) * rate) - events;
      at = now;
      return tokens < 0 ? Math.ceil((-tokens / rate) * 1000) : 0;
    },
  };
}
