import { expect, test } from '@jest/globals';
import { backoff } from './backoff.ts';
import { RetriableError } from './errors.ts';
import { withRetry } from './retry.ts';

const edges = (signal = new AbortController().signal) => {
  const waits: number[] = [];
  return {
    waits,
    clock: {
      now: () => 0,
      sleep: async (ms: number, stop?: AbortSignal) => {
        stop?.throwIfAborted();
        waits.push(ms);
      },
    },
    random: { float: () => 0.5, bytes: () => new Uint8Array() },
    signal,
    onRetry: () => undefined,
  };
};

test('the wait doubles up to its ceiling, with jitter in the upper half', () => {
  expect([1, 2, 3].map((n) => backoff(n, () => 0))).toEqual([50, 100, 200]);
  expect([1, 2, 3].map((n) => backoff(n, () => 1))).toEqual([100, 200, 400]);
  expect(backoff(50, () => 1)).toBe(30_000);
});

test('repeats what failed for now, and nothing else', async () => {
  const around = edges();
  let left = 2;
  const answer = await withRetry(around, 'send', async () => {
    left -= 1;
    if (left >= 0) throw new RetriableError('down', 'not now');
    return 'written';
  });
  expect(answer).toBe('written');
  expect(around.waits).toEqual([75, 150]);
  const bug = new TypeError('a bug');
  await expect(withRetry(edges(), 'send', () => Promise.reject(bug))).rejects.toBe(bug);
});

test('after an abort an attempt is still made, but not repeated', async () => {
  const stop = new AbortController();
  stop.abort(new Error('stopping'));
  expect(await withRetry(edges(stop.signal), 'send', async () => 'once')).toBe('once');
  const down = () => Promise.reject(new RetriableError('down', 'not now'));
  await expect(withRetry(edges(stop.signal), 'send', down)).rejects.toThrow('stopping');
});

test('the abort itself is no retry', async () => {
  const revoked = new RetriableError('partition_revoked', 'the partition is taken away');
  const stop = new AbortController();
  const told: unknown[] = [];
  const around = { ...edges(stop.signal), onRetry: (...of: unknown[]) => void told.push(of) };
  const poll = withRetry(around, 'poll', async () => {
    stop.abort(revoked);
    throw stop.signal.reason;
  });
  await expect(poll).rejects.toBe(revoked);
  expect(told).toEqual([]);
});
