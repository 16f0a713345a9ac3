import { ApiProblem } from '../problems.ts';
import { createInFlight } from './in-flight.ts';

/** A few places for what holds much memory for long, half of them for any one caller: who holds his half for ever leaves the other to others. */
export interface Places {
  /** @returns gives the place back; call once @throws ApiProblem `overloaded`; `rate_limited` when this caller has its half */
  take(caller: string): () => void;
}

/** @param most in this process @param of for the detail of a refusal: "downloads" */
export function createPlaces(most: number, of: string): Places {
  const share = Math.ceil(most / 2);
  const callers = createInFlight(share);
  let taken = 0;
  return {
    take(caller) {
      if (taken >= most) throw new ApiProblem('overloaded');
      const leave = callers.enter(caller);
      if (!leave) throw new ApiProblem('rate_limited', { detail: `this caller has ${share} ${of} under way` });
      taken += 1;
      return () => {
        leave();
        taken -= 1;
      };
    },
  };
}
