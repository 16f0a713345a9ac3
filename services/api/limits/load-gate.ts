import { ApiProblem } from '../problems.ts';

/**
 * What a batch costs beside its bytes, in bytes: a signature and a request take about as long as hashing and sealing so many. A batch of one event and one
 * of a thousand so count in one measure.
 */
const REQUEST_COST = 8 * 1024;
/**
 * Always let in, and the speed is measured only above it: with less in hand what is measured is how long one request takes, not how many are done beside
 * each other, and the first of a fresh process are slow.
 */
const LEAST_COST = 512 * 1024;
/** Loaded time that one measure of the speed is taken over, and `LEAST_COST` of work: a few that are answered after a pause are no measure. */
const WINDOW_MS = 100;
/** Weight of the newest measure: the speed follows within a second. */
const WEIGHT = 0.3;

/** Refuses at once what would wait too long: who is refused knows it in a millisecond, who is let in is answered soon. */
export interface LoadGate {
  /** Before a body is read. @throws ApiProblem `overloaded` when one more would wait too long */
  check(): void;
  /** Counts a body that is there. @returns call it once, when it is answered @throws ApiProblem `overloaded` */
  enter(bytes: number): () => void;
  /** Milliseconds that one more would wait, as far as is known. */
  readonly expectedMs: number;
}

/**
 * Expected wait = work in hand / speed, the speed measured under load (Little's law).
 * @param mostMs longest expected wait; null: never refuses
 * @param now milliseconds, monotonic
 */
export function createLoadGate(mostMs: number | null, now: () => number): LoadGate {
  let held = 0;
  /** Cost per millisecond; 0: not known. */
  let speed = 0;
  let done = 0;
  let busy = 0;
  let since = 0;

  const expected = () => (speed > 0 ? held / speed : 0);
  // While no speed is known nothing says that it is too much.
  const isFull = () => mostMs !== null && speed > 0 && held > LEAST_COST && held > speed * mostMs;
  const check = () => {
    if (isFull()) throw new ApiProblem('overloaded');
  };

  function measure(): void {
    const measured = done / busy;
    speed = speed === 0 ? measured : speed + WEIGHT * (measured - speed);
    done = 0;
    busy = 0;
  }

  function leave(cost: number): void {
    const loaded = held > LEAST_COST;
    held -= cost;
    if (!loaded) return;
    const at = now();
    if (at > since) {
      if (busy >= WINDOW_MS && done >= LEAST_COST) measure();
      busy += at - since;
      since = at;
    }
    done += cost;
  }

  return {
    check,
    enter(bytes) {
      check();
      const cost = REQUEST_COST + bytes;
      if (held <= LEAST_COST && held + cost > LEAST_COST) since = now();
      held += cost;
      let over = false;
      return () => {
        if (over) return;
        over = true;
        leave(cost);
      };
    },
    get expectedMs() {
      return expected();
    },
  };
}
