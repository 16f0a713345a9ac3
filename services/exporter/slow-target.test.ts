import { expect, test } from '@jest/globals';
import type { Sink } from '../pipeline/ports/sink.ts';
import { watchedTarget } from './slow-target.ts';

/** A clock of which the test says when the next sleep is over. */
function heldClock() {
  const waking: (() => void)[] = [];
  return {
    clock: {
      now: () => 0,
      sleep: (_: number, signal?: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          waking.push(resolve);
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
    },
    async pass() {
      waking.shift()?.();
      await new Promise(setImmediate);
    },
  };
}

test('a target that does not answer is told of until it does', async () => {
  const { clock, pass } = heldClock();
  const told: string[] = [];
  let answer: (moved: boolean) => void = () => undefined;
  const hanging = {
    put: () => new Promise<boolean>((resolve) => (answer = resolve)),
    position: async () => ({ next: 0, mark: -1 }),
  } as Partial<Sink> as Sink;
  const book = {
    failed: (partition: number, { message }: { message: string }) => void told.push(`${partition} ${message}`),
  };
  const sink = watchedTarget(hanging, book, clock, 10_000);
  const place = { partition: 2, from: { next: 0, mark: -1 }, to: { next: 1, mark: 0 }, first: 0, last: 0 };
  await sink.position(2);
  const put = sink.put([], place);
  await pass();
  await pass();
  await pass();
  expect(told).toEqual(['2 put: the target has not answered for 10 s', '2 put: the target has not answered for 20 s']);
  answer(true);
  expect(await put).toBe(true);
  await pass();
  expect(told).toHaveLength(2);
});
