import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createPatience } from './patience.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** A reader that takes `bytes` after each `ms` of waiting; how often, until it was cut. */
async function read(bytes: number, ms: number, most: number): Promise<number> {
  const patience = createPatience(() => performance.now());
  let isCut = false;
  for (let times = 0; times < most; times += 1) {
    patience.moved(bytes);
    const taken = new Promise<void>((done) => void setTimeout(done, ms));
    const waiting = patience.wait(taken, () => {
      isCut = true;
    });
    await jest.advanceTimersByTimeAsync(ms);
    await waiting;
    if (isCut) return times;
    // The service itself is slow: that is nobody's fault.
    await jest.advanceTimersByTimeAsync(10 * ms);
  }
  return most;
}

test('a reader at 32 KiB a second is never cut, one that trickles after its minute', async () => {
  expect(await read(64 * 1024, 2_000, 200)).toBe(200);
  expect(await read(64 * 1024, 64_000, 200)).toBe(0);
  expect(await read(64 * 1024, 8_000, 200)).toBeLessThan(20);
});
