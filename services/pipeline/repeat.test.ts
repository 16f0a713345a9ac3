import { expect, test } from '@jest/globals';
import { RetriableError } from './errors.ts';
import { repeat } from './repeat.ts';

const random = { float: () => 0, bytes: (length: number) => new Uint8Array(length) };
/** Time that passes as fast as it is asked for, and at once ends when the room stops. */
const clock = {
  now: () => 0,
  sleep: async (_ms: number, signal?: AbortSignal) => {
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  },
};
const edges = { clock, random, onRetry: () => undefined, onFatal: () => undefined };

test('looks again and again, through a part that is down, until it is closed', async () => {
  let looks = 0;
  const retried: string[] = [];
  const third = new Promise<void>((resolve) => {
    const work = repeat(
      {
        operation: 'keys',
        everyMs: 1_000,
        look: async () => {
          looks += 1;
          if (looks === 2) throw new RetriableError('down', 'down');
          if (looks === 3) resolve(work.close());
        },
      },
      { ...edges, onRetry: (operation) => void retried.push(operation) },
    );
  });
  await third;
  expect([looks, retried]).toEqual([3, ['keys']]);
});

test('what no repetition mends is told once, and ends it', async () => {
  const told: unknown[] = [];
  await new Promise<void>((resolve) => {
    const look = async () => {
      throw new TypeError('a bug');
    };
    const onFatal = (error: unknown) => {
      told.push(error);
      resolve();
    };
    repeat({ operation: 'keys', everyMs: 1, look }, { ...edges, onFatal });
  });
  expect(told).toEqual([new TypeError('a bug')]);
});

test('a failure of the look that the stop cut short is no failure', async () => {
  const told: unknown[] = [];
  const work = repeat(
    {
      operation: 'keys',
      everyMs: 1,
      look: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
    { ...edges, onFatal: (error) => void told.push(error) },
  );
  await work.close();
  expect(told).toEqual([]);
});
