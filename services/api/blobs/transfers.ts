import { BLOB_CHUNK } from '../../../protocol/index.ts';
import type { BodyBudget } from '../body-budget.ts';
import { ApiProblem } from '../problems.ts';

/** Uploads, and downloads, under way at once. */
const MOST = 4;
/** What one holds at most: a chunk as it is, as its block, on its way to or from the node, and in the socket. */
const HELD_BYTES = 4 * BLOB_CHUNK;

/** A place for one transfer at a time out of a few, with its memory. */
export interface Transfers {
  /** @returns gives the place back; call once. @throws ApiProblem `overloaded` */
  take(): () => void;
}

export function createTransfers(budget: BodyBudget, most = MOST): Transfers {
  let under = 0;
  return {
    take() {
      if (under >= most) throw new ApiProblem('overloaded');
      budget.take(HELD_BYTES);
      under += 1;
      return () => {
        under -= 1;
        budget.give(HELD_BYTES);
      };
    },
  };
}
