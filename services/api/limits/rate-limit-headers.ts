/** A limit as the header fields of draft-ietf-httpapi-ratelimit-headers describe it. */
export interface RatePolicy {
  readonly name: string;
  /** Most in a window. */
  readonly quota: number;
  readonly windowSeconds: number;
}

export interface RateState {
  readonly policy: RatePolicy;
  readonly remaining: number;
  /** Until more is there. */
  readonly seconds: number;
}

/** Integers of a structured field have at most 15 digits. */
const MOST = 999_999_999_999_999;
const whole = (value: number): number => Math.min(MOST, Math.max(0, Math.ceil(value)));

export const policyOf = (name: string, quota: number, windowSeconds: number): RatePolicy => ({
  name,
  quota: whole(quota),
  windowSeconds: whole(windowSeconds),
});

/**
 * `RateLimit-Policy: "quota";q=1000000;w=86400, "rate";q=2000;w=4` and `RateLimit: "quota";r=999900;t=3600, "rate";r=1999;t=1`: structured
 * fields (RFC 9651), one item a policy. `t` counts down to the moment when more is there.
 */
export function rateLimitHeaders(states: readonly (RateState | null)[]): Record<string, string> {
  const those = states.filter((state) => state !== null);
  if (those.length === 0) return {};
  return {
    'ratelimit-policy': those
      .map(({ policy }) => `"${policy.name}";q=${policy.quota};w=${policy.windowSeconds}`)
      .join(', '),
    ratelimit: those
      .map(
        ({ policy, remaining, seconds }) =>
          `"${policy.name}";r=${Math.max(0, Math.floor(remaining))};t=${whole(seconds)}`,
      )
      .join(', '),
  };
}
