import { setTimeout as pause } from 'node:timers/promises';

/**
 * Kills something and starts it again, so often. @returns how often it was done
 * @param pauseMs before each, and as long as the last start took: where that takes long, whoever uses it needs longer to find his way back, too
 */
export async function outages(
  restart: () => Promise<void>,
  { kills, pauseMs, over }: { readonly kills: number; readonly pauseMs: () => number; readonly over: () => boolean },
): Promise<number> {
  let done = 0;
  let took = 0;
  while (done < kills && !over()) {
    await pause(pauseMs() + took);
    const began = performance.now();
    await restart();
    took = performance.now() - began;
    done += 1;
  }
  return done;
}
