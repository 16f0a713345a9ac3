import { setTimeout as wait } from 'node:timers/promises';

/**
 * Asks again until `probe` gives something. For what other processes do: there is no event to await.
 * @returns null when `within` milliseconds are over, or `given up` says so
 */
export async function until<T>(
  probe: () => Promise<T | null> | T | null,
  { within, every = 250, givenUp = () => false }: { within: number; every?: number; givenUp?: () => boolean },
): Promise<T | null> {
  const deadline = performance.now() + within;
  for (;;) {
    const found = await probe();
    if (found !== null) return found;
    if (performance.now() > deadline || givenUp()) return null;
    await wait(every);
  }
}
