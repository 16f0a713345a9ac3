import { setImmediate } from 'node:timers/promises';

/** Time that stands still until it is moved. */
export function stillClock() {
  let now = 0;
  const sleepers = new Set<() => void>();
  return {
    now: () => now,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        const until = now + ms;
        const wake = () => {
          if (signal?.aborted) reject(signal.reason);
          else if (now >= until) resolve();
          else return;
          sleepers.delete(wake);
        };
        sleepers.add(wake);
        signal?.addEventListener('abort', wake);
        wake();
      }),
    async pass(ms: number) {
      now += ms;
      for (const wake of [...sleepers]) wake();
      await settled();
    },
  };
}
/** Whatever follows from what has happened. */
export async function settled(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await setImmediate();
}
