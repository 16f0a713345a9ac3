import { BLOB_CHUNK } from '../../../protocol/index.ts';
import type { BodyBudget } from '../body-budget.ts';
import { createPlaces } from '../limits/places.ts';

/** Uploads, and downloads, under way at once. */
const MOST = 4;
/** What one holds at most: a chunk as it is, as its block, on its way to or from the node, and in the socket. */
const HELD_BYTES = 4 * BLOB_CHUNK;

/** A place for one transfer at a time out of a few, with its memory. */
export interface Transfers {
  /** @returns gives the place back; call once. @throws ApiProblem `overloaded`; `rate_limited` when this caller has half of them */
  take(caller: string): () => void;
}

/** @param of "uploads" or "downloads" */
export function createTransfers(budget: BodyBudget, of: string): Transfers {
  const places = createPlaces(MOST, of);
  return {
    take(caller) {
      const leave = places.take(caller);
      try {
        budget.take(HELD_BYTES);
      } catch (error) {
        leave();
        throw error;
      }
      return () => {
        leave();
        budget.give(HELD_BYTES);
      };
    },
  };
}
