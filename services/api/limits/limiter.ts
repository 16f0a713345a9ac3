import { ApiProblem } from '../problems.ts';
import { createInFlight } from './in-flight.ts';
import { policyOf, type RateState, rateLimitHeaders } from './rate-limit-headers.ts';
import { createTokenBuckets, type Rate } from './token-buckets.ts';

/** What one client may do. */
export interface Limit extends Rate {
  /** Requests under way at once. */
  readonly concurrent: number;
}

/** Rate and concurrency of one kind of client, by key. */
export interface Limiter {
  /** Costs nothing. @throws ApiProblem `rate_limited` where `enter` would, as far as the rate goes */
  check(key: string): void;
  /** Counts one request. @returns call it once, when the request is over @throws ApiProblem `rate_limited` */
  enter(key: string): () => void;
  /** What is left of the rate. */
  stateOf(key: string): RateState | null;
}

const NO_LIMIT: Limiter = { check: () => undefined, enter: () => () => undefined, stateOf: () => null };

/** @param whose for the detail of a refusal: "address", "caller" @param now milliseconds, monotonic */
export function createLimiter(limit: Limit | null, whose: string, now: () => number): Limiter {
  if (limit === null) return NO_LIMIT;
  const buckets = createTokenBuckets(limit, now);
  const underWay = createInFlight(limit.concurrent);

  const stateOf = (key: string): RateState => {
    const { remaining, seconds } = buckets.look(key);
    return { policy: policyOf('rate', limit.burst, limit.burst / limit.perSecond), remaining, seconds };
  };
  const refuse = (key: string, seconds: number, detail: string): never => {
    const headers = rateLimitHeaders([{ ...stateOf(key), seconds }]);
    throw new ApiProblem('rate_limited', { detail, retryAfter: Math.max(1, seconds), headers });
  };
  const checkRate = (key: string, { allowed, seconds }: { allowed: boolean; seconds: number }) => {
    if (!allowed) refuse(key, seconds, `this ${whose} sends more than ${limit.perSecond} requests a second`);
  };

  return {
    check: (key) => checkRate(key, buckets.look(key)),
    enter(key) {
      const leave = underWay.enter(key);
      if (!leave) return refuse(key, 1, `this ${whose} has ${limit.concurrent} requests under way`);
      try {
        checkRate(key, buckets.take(key));
      } catch (error) {
        leave();
        throw error;
      }
      return leave;
    },
    stateOf,
  };
}
