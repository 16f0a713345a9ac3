const MINUTE_MS = 60_000;
/** Bytes a millisecond that buy patience back: whoever reads faster is never cut. */
const RATE = 16;

/** How long a reader is waited for: a stream is memory and a place that others wait for. Time in which the service itself is slow does not count. */
export interface Patience {
  /** Waits for a reader. @param tooSlow told when it has taken 16 KiB a second or less for a minute of waiting */
  wait(reader: Promise<void>, tooSlow: () => void): Promise<void>;
  /** So much was written. */
  moved(bytes: number): void;
}

/** @param elapsed milliseconds, monotonic */
export function createPatience(elapsed: () => number, mostMs = MINUTE_MS): Patience {
  let leftMs = mostMs;
  return {
    async wait(reader, tooSlow) {
      const since = elapsed();
      const late = setTimeout(tooSlow, Math.max(0, leftMs));
      try {
        await reader;
      } finally {
        clearTimeout(late);
        leftMs -= elapsed() - since;
      }
    },
    moved(bytes) {
      leftMs = Math.min(mostMs, leftMs + bytes / RATE);
    },
  };
}
