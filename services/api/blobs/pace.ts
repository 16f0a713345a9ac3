/** The slowest that a transfer may be, over every whole minute: a 64 MiB blob takes 17 minutes at most. Bytes. */
const LEAST_A_MINUTE = 60 * 64 * 1024;
const MINUTE_MS = 60_000;

/** Watches that a transfer moves: each is memory and a place that others wait for. */
export interface Pace {
  moved(bytes: number): void;
  end(): void;
}

/** @param tooSlow told once, after a minute in which too little moved */
export function watchPace(tooSlow: () => void, { everyMs = MINUTE_MS, least = LEAST_A_MINUTE } = {}): Pace {
  let moved = 0;
  const timer = setInterval(() => {
    if (moved < least) {
      clearInterval(timer);
      tooSlow();
    }
    moved = 0;
  }, everyMs);
  timer.unref();
  return {
    moved(bytes) {
      moved += bytes;
    },
    end: () => clearInterval(timer),
  };
}
