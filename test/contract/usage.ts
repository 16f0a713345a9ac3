import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Usage } from '../../services/pipeline/ports/usage.ts';

const key = (fill: number) => new Uint8Array(32).fill(fill);
const DAY = 86_400_000;

/** `open` gives an empty store. */
export function usageContract(name: string, open: () => Promise<Usage>): void {
  describe(`Usage: ${name}`, () => {
    let usage: Usage;
    const of = (app: number, operations: number, period = DAY) => ({ app: key(app), period, operations });

    beforeEach(async () => {
      usage = await open();
    });

    test('totals come back in order, of each app and period by itself', async () => {
      expect(await usage.add([])).toEqual([]);
      expect(await usage.add([of(9, 5), of(1, 7), of(9, 2, 2 * DAY)])).toEqual([5, 7, 2]);
      expect(await usage.add([of(1, 1), of(9, 3)])).toEqual([8, 8]);
    });

    test('0 asks', async () => {
      expect(await usage.add([of(1, 0)])).toEqual([0]);
      await usage.add([of(1, 4)]);
      expect(await usage.add([of(1, 0)])).toEqual([4]);
    });

    test('what several add at once is all counted', async () => {
      const rows = [of(3, 1), of(1, 1), of(2, 1)];
      await Promise.all(Array.from({ length: 20 }, (_, i) => usage.add(i % 2 === 0 ? rows : [...rows].reverse())));
      expect(await usage.add([of(1, 0), of(2, 0), of(3, 0)])).toEqual([20, 20, 20]);
    });

    test('old periods are forgotten', async () => {
      await usage.add([of(1, 4, DAY), of(1, 5, 2 * DAY)]);
      await usage.forget(2 * DAY);
      expect(await usage.add([of(1, 0, DAY), of(1, 0, 2 * DAY)])).toEqual([0, 5]);
    });
  });
}
