import { setTimeout as pause } from 'node:timers/promises';

/** Kills something and starts it again, so often. @param pauseMs before each. @returns how often it was done */
export async function outages(
  restart: () => Promise<void>,
  { kills, pauseMs, over }: { readonly kills: number; readonly pauseMs: () => number; readonly over: () => boolean },
): Promise<number> {
  let done = 0;
  while (done < kills && !over()) {
    await pause(pauseMs());
    await restart();
    done += 1;
  }
  return done;
}
