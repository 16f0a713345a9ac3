import type { Chances } from './random.ts';

/** One instance of a room on its partition. Killed: it never goes on from where it waits. */
export interface Instance {
  readonly room: string;
  readonly revoke: AbortController;
  alive: boolean;
}

interface Waiting {
  readonly instance: Instance;
  readonly go: () => void;
}

/**
 * Runs async code one step at a time: every call to the outside waits at a gate until the scheduler lets it through, so that any
 * interleaving, and a crash at any await, is a matter of chance and of the seed.
 */
export class Scheduler {
  /** Virtual milliseconds. */
  now = 0;
  #waiting: Waiting[] = [];
  #quiet: () => void = () => undefined;

  /** Where an instance may be stopped for a while, or for ever. */
  gate(instance: Instance): Promise<void> {
    return new Promise((go) => {
      if (instance.alive) this.#waiting.push({ instance, go });
      this.#quiet();
    });
  }

  /** Starts a flow and runs it to its first gate. */
  async start(flow: () => Promise<void>): Promise<void> {
    const quiet = this.#untilQuiet();
    void flow().finally(() => this.#quiet());
    await quiet;
  }

  kill(instance: Instance): void {
    instance.alive = false;
    this.#waiting = this.#waiting.filter((waiting) => waiting.instance !== instance);
  }

  /** Lets one waiting instance go on to its next gate. @returns false when nobody waits */
  async step(chances: Chances): Promise<boolean> {
    const at = chances.below(this.#waiting.length);
    const [next] = this.#waiting.splice(at, 1);
    if (!next) return false;
    this.now += 1;
    const quiet = this.#untilQuiet();
    next.go();
    await quiet;
    return true;
  }

  #untilQuiet(): Promise<void> {
    return new Promise((resolve) => {
      this.#quiet = resolve;
    });
  }
}
