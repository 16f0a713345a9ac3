/** So many at once, refilled at so many a second. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface Taken {
  readonly allowed: boolean;
  /** Whole ones that are left. */
  readonly remaining: number;
  /** Until there is one, when there is none; otherwise until the bucket is full. */
  readonly seconds: number;
}

export interface TokenBuckets {
  /** Takes one, if there is one. */
  take(key: string): Taken;
  /** What `take` would find. */
  look(key: string): Taken;
  /** Keys remembered. */
  readonly size: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/**
 * A token bucket per key. The table is bounded: the key that was not seen for longest is forgotten first, and a bucket that is forgotten is full
 * again, as one that nobody has used for a while would be anyway.
 * @param now milliseconds, monotonic
 * @param most keys remembered
 */
export function createTokenBuckets({ perSecond, burst }: Rate, now: () => number, most = 50_000): TokenBuckets {
  const buckets = new Map<string, Bucket>();

  const tokensOf = (bucket: Bucket | undefined): number =>
    bucket ? Math.min(burst, bucket.tokens + ((now() - bucket.at) / 1000) * perSecond) : burst;
  const told = (tokens: number, allowed: boolean): Taken => ({
    allowed,
    remaining: Math.floor(tokens),
    seconds: (allowed ? burst - tokens : 1 - tokens) / perSecond,
  });

  return {
    take(key) {
      const bucket = buckets.get(key);
      const tokens = tokensOf(bucket);
      const allowed = tokens >= 1;
      const left = allowed ? tokens - 1 : tokens;
      // Insertion order is order of use.
      buckets.delete(key);
      buckets.set(key, { tokens: left, at: now() });
      if (buckets.size > most) for (const oldest of buckets.keys()) if (buckets.delete(oldest)) break;
      return told(left, allowed);
    },
    look(key) {
      const tokens = tokensOf(buckets.get(key));
      return told(tokens, tokens >= 1);
    },
    get size() {
      return buckets.size;
    },
  };
}
