import { expect, test } from '@jest/globals';
import { atMost } from './at-most.ts';

test('so many run at once, in the order of coming, and a failure gives its place back', async () => {
  const inTurn = atMost(2);
  const log: string[] = [];
  const ends: (() => void)[] = [];
  const one = (name: string) =>
    inTurn(async () => {
      log.push(name);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (name === 'a') throw new Error(name);
      return name;
    });
  const all = ['a', 'b', 'c', 'd'].map(one);
  const settled = Promise.allSettled(all);
  while (ends.length > 0 || log.length < 4) {
    expect(ends.length).toBeLessThanOrEqual(2);
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  expect(log).toEqual(['a', 'b', 'c', 'd']);
});
