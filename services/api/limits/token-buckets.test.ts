import { beforeEach, describe, expect, test } from '@jest/globals';
import { createInFlight } from './in-flight.ts';
import { createLimiter } from './limiter.ts';
import { createTokenBuckets } from './token-buckets.ts';

let at = 0;
const now = () => at;
beforeEach(() => {
  at = 1_000;
});

describe('token buckets', () => {
  test('a burst, then as many as the rate refills', () => {
    const buckets = createTokenBuckets({ perSecond: 2, burst: 3 }, now);
    expect([1, 2, 3].map(() => buckets.take('a').allowed)).toEqual([true, true, true]);
    expect(buckets.take('a')).toEqual({ allowed: false, remaining: 0, seconds: 0.5 });
    at += 499;
    expect(buckets.take('a').allowed).toBe(false);
    at += 501;
    expect(buckets.take('a')).toMatchObject({ allowed: true, remaining: 1 });
    expect(buckets.take('b').remaining).toBe(2);
  });

  test('never more than the burst, and looking takes nothing', () => {
    const buckets = createTokenBuckets({ perSecond: 10, burst: 2 }, now);
    buckets.take('a');
    at += 60_000;
    expect(buckets.look('a')).toEqual({ allowed: true, remaining: 2, seconds: 0 });
    expect(buckets.look('a').remaining).toBe(2);
  });

  test('the table is bounded: the key unseen for longest goes, one in use stays', () => {
    const buckets = createTokenBuckets({ perSecond: 0.001, burst: 1 }, now, 100);
    buckets.take('victim');
    for (let i = 0; i < 1_000; i++) {
      buckets.take(`address ${i}`);
      expect(buckets.take('victim').allowed).toBe(false);
    }
    expect(buckets.size).toBe(100);
    expect(buckets.take('address 0').allowed).toBe(true);
  });
});

test('in flight: so many at once of each key, and nothing is remembered afterwards', () => {
  const inFlight = createInFlight(2);
  const [one, two] = [inFlight.enter('a'), inFlight.enter('a')];
  expect(inFlight.enter('a')).toBeNull();
  expect(inFlight.enter('b')).not.toBeNull();
  one?.();
  one?.();
  expect(inFlight.enter('a')).not.toBeNull();
  expect(inFlight.enter('a')).toBeNull();
  two?.();
  expect(inFlight.size).toBe(2);
});

describe('a limiter', () => {
  const limiter = () => createLimiter({ perSecond: 1, burst: 2, concurrent: 1 }, 'caller', now);
  const codeOf = (act: () => unknown) => {
    try {
      act();
      return null;
    } catch (error) {
      return error as { code: string; details: { retryAfter: number; headers: Record<string, string> } };
    }
  };

  test('refuses the second at once and the third in a second, and says what is left', () => {
    const it = limiter();
    const leave = it.enter('k');
    expect(codeOf(() => it.enter('k'))).toMatchObject({ code: 'rate_limited' });
    leave();
    it.enter('k')();
    const refused = codeOf(() => it.enter('k'));
    expect(refused?.details).toEqual({
      detail: 'this caller sends more than 1 requests a second',
      retryAfter: 1,
      headers: { 'ratelimit-policy': '"rate";q=2;w=2', ratelimit: '"rate";r=0;t=1' },
    });
    expect(codeOf(() => it.check('k'))?.code).toBe('rate_limited');
    at += 1_000;
    expect(codeOf(() => it.check('k'))).toBeNull();
    it.enter('k')();
  });

  test('a refused one takes no place', () => {
    const it = limiter();
    it.enter('k')();
    it.enter('k')();
    expect(codeOf(() => it.enter('k'))?.code).toBe('rate_limited');
    at += 1_000;
    it.enter('k')();
  });
});
