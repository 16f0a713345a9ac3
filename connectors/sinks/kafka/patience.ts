import { setTimeout as pause } from 'node:timers/promises';
import { FencedError } from '../../kafka/index.ts';

/** Of the time that an attempt took, so much is waited after it was fenced off. */
const LONGER = 2;
const LEAST_MS = 150;
const ATTEMPTS = 20;

/**
 * Repeats what was fenced off. Whoever fenced us is at work: it is given longer than our own attempt took, or two would fence each other for
 * ever. Of several that begin at once the last one wins, so each round one of them gets done.
 */
export async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n += 1) {
    const from = performance.now();
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof FencedError) || n >= ATTEMPTS) throw error;
      await pause(Math.max(LEAST_MS, LONGER * (performance.now() - from)));
    }
  }
}
