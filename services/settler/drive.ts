import type { Clock, Random } from '../pipeline/clock.ts';
import { RetriableError } from '../pipeline/errors.ts';
import type { SettlerSignals } from './events.ts';
import type { Rounds } from './rounds.ts';

/** Any constant: whoever holds this lock drives the chain. */
export const LEADER_KEY = 0x0cec5e77;

const WAIT_MS = { busy: 0, waiting: 300, idle: 500 } as const;
const FOLLOW_MS = 2_000;
const MOST_BACKOFF_MS = 10_000;

export interface DriveEdges {
  readonly clock: Clock;
  readonly random: Random;
  readonly signals: SettlerSignals;
  /** Runs `work` while this instance leads; false when another does. */
  lead(work: (still: () => Promise<void>) => Promise<void>): Promise<boolean>;
  /** Made anew for each time of leading: what it remembers may be stale. */
  rounds(): Rounds;
}

/** Drives the chain whenever this instance leads, until `stop` is aborted. @throws whatever is a bug or fatal */
export async function drive({ clock, random, signals, lead, rounds }: DriveEdges, stop: AbortSignal): Promise<void> {
  let following = false;
  let failures = 0;

  async function pause(ms: number): Promise<void> {
    try {
      await clock.sleep(ms, stop);
    } catch (error) {
      if (!stop.aborted) throw error;
    }
  }

  async function work(still: () => Promise<void>): Promise<void> {
    signals.emit('leading');
    following = false;
    const driver = rounds();
    while (!stop.aborted) {
      await still();
      try {
        await pause(WAIT_MS[await driver.tick()]);
        failures = 0;
      } catch (error) {
        await backOff(error);
      }
    }
  }

  async function backOff(error: unknown): Promise<void> {
    if (!(error instanceof RetriableError)) throw error;
    failures += 1;
    signals.emit(error.code === 'chain_pruned' ? 'pruned' : 'retry', { attempt: failures }, error);
    await pause(Math.min(MOST_BACKOFF_MS, 250 * 2 ** Math.min(failures, 6)) * (0.5 + random.float() / 2));
  }

  while (!stop.aborted) {
    try {
      if (await lead(work)) continue;
      if (!following) signals.emit('following');
      following = true;
      await pause(FOLLOW_MS);
    } catch (error) {
      await backOff(error);
    }
  }
}
