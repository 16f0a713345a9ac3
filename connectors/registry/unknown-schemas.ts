/** How long the schemas that a healthy registry does not know are waited for, from its first such answer. Milliseconds. */
const UNKNOWN_WAIT_MS = 60_000;
/** After so long without such an answer there is patience again. Less would let garbage stop a partition again and again. */
const QUIET_MS = 60 * 60_000;
/** An answer counts this long; longer than the longest pause between two attempts of a lane, which is 30 s. */
const FRESH_MS = 60_000;
/** Answers are kept for as many ids before those that no longer count are forgotten. */
const MANY = 10_000;

/**
 * Ids that the registry answered with 404. It may be right (garbage, written by a foreign hand) or late (a copy that has not heard of
 * a schema yet), and nothing tells the two apart but time. The wait is one for all ids: were it one each, records with random ids
 * would hold up a partition for a minute apiece.
 */
export class UnknownSchemas {
  readonly #now: () => number;
  readonly #answered = new Map<number, number>();
  #since = Number.NEGATIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of a clock that is not set back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The registry has just said that it does not know this id. */
  answered(id: number): void {
    const now = this.#now();
    if (now - this.#last >= QUIET_MS) this.#since = now;
    this.#last = now;
    if (this.#answered.size >= MANY)
      for (const [old, at] of this.#answered) if (now - at >= FRESH_MS) this.#answered.delete(old);
    this.#answered.set(id, now);
  }

  /** Whether it was waited for long enough, and the registry still did not know it a moment ago. Never for good. */
  isGivenUp(id: number): boolean {
    const at = this.#answered.get(id);
    if (at === undefined) return false;
    const now = this.#now();
    return now - at < FRESH_MS && now - this.#since >= UNKNOWN_WAIT_MS;
  }
}
