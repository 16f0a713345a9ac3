import { ApiProblem } from './problems.ts';

/** Bytes of request bodies and large answers that may be in memory at once. */
export interface BodyBudget {
  /** @throws ApiProblem `overloaded` when they do not fit; nothing is taken then. */
  take(bytes: number): void;
  give(bytes: number): void;
  readonly used: number;
}

export function createBodyBudget(limit: number): BodyBudget {
  let used = 0;
  return {
    take(bytes) {
      if (used + bytes > limit) throw new ApiProblem('overloaded');
      used += bytes;
    },
    give(bytes) {
      used -= bytes;
    },
    get used() {
      return used;
    },
  };
}
