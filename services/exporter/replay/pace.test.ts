import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPace, type PaceLimits } from './pace.ts';

const never = new AbortController().signal;

/** A pace on clocks of its own; `take` gives the milliseconds that it waited. */
function paced(limits: PaceLimits) {
  const at = { now: 0, cpu: 0 };
  const slept: (AbortSignal | undefined)[] = [];
  const sleep = async (ms: number, signal?: AbortSignal) => {
    slept.push(signal);
    at.now += ms;
  };
  const pace = createPace(limits, { clock: { sleep }, elapsed: () => at.now, cpu: () => at.cpu });
  const take = async (events: number, cpuMs = 0) => {
    const before = at.now;
    const work = async () => {
      at.cpu += cpuMs;
    };
    await pace.take(events, work, never);
    return at.now - before;
  };
  /** The milliseconds that were waited before each of these batches. */
  const takeBatches = async (cpuMsOfEach: readonly number[]) => {
    const waits: number[] = [];
    const work = async () => {
      for (const cpuMs of cpuMsOfEach) {
        at.cpu += cpuMs;
        const before = at.now;
        await pace.breathe();
        waits.push(at.now - before);
      }
    };
    await pace.take(0, work, never);
    return waits;
  };
  return { at, pace, slept, take, takeBatches };
}

test('over any time no more than the rate, the burst of a second and the last stretch', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 10_000 }),
      fc.array(fc.record({ events: fc.nat(5_000), idleMs: fc.nat(3_000) }), { minLength: 1, maxLength: 50 }),
      async (rate, stretches) => {
        const { at, take } = paced({ rate, cpuShare: null });
        let before = 0;
        for (const { events, idleMs } of stretches) {
          await take(events);
          expect(before).toBeLessThanOrEqual((at.now / 1000) * rate + rate + 1e-6 * rate);
          before += events;
          at.now += idleMs;
        }
      },
    ),
  );
});

test('it is not slower than asked: a full bucket costs no time, and debt exactly its own', async () => {
  const { at, take } = paced({ rate: 100, cpuShare: null });
  expect([await take(100), await take(50), await take(0)]).toEqual([0, 0, 500]);
  at.now += 60_000;
  expect([await take(101), await take(0)]).toEqual([0, 10]);
});

test('without limits it never waits', async () => {
  const { take } = paced({ rate: null, cpuShare: null });
  expect([await take(1e9, 1e9), await take(1)]).toEqual([0, 0]);
});

test('what took much CPU is waited for, however few events it was', async () => {
  const { take } = paced({ rate: 1_000, cpuShare: 0.2 });
  expect([await take(1, 300), await take(1, 0), await take(3_000, 10), await take(1)]).toEqual([0, 1_400, 0, 2_001]);
});

test('CPU is paid for between the batches, so that work is never done at full speed for long', async () => {
  const { takeBatches } = paced({ rate: null, cpuShare: 0.1 });
  expect(await takeBatches([5, 15, 1, 3, 0])).toEqual([0, 0, 10, 30, 0]);
});

test('what a process has taken to start is not waited for', async () => {
  const { at, take } = paced({ rate: null, cpuShare: 0.1 });
  at.cpu = 2_000;
  expect([await take(1), await take(1, 30), await take(1)]).toEqual([0, 0, 100]);
});

test('whoever waits between batches is told when the work is given up', async () => {
  const { at, pace, slept } = paced({ rate: null, cpuShare: 0.1 });
  const { signal } = new AbortController();
  const work = async () => {
    at.cpu += 100;
    await pace.breathe();
  };
  await pace.take(0, work, signal);
  expect(slept).toEqual([signal]);
});

test('of several that come at once one works at a time, each when the one before is paid for', async () => {
  const { at, pace } = paced({ rate: 10, cpuShare: null });
  const started: number[] = [];
  const work = async () => void started.push(at.now);
  await Promise.all([20, 5, 5].map((events) => pace.take(events, work, never)));
  expect(started).toEqual([0, 1_000, 1_500]);
});

test('work that fails is paid for, too, and does not keep others from their turn', async () => {
  const { pace, take } = paced({ rate: 10, cpuShare: null });
  const failing = pace.take(20, () => Promise.reject(new Error('no')), never);
  await expect(failing).rejects.toThrow('no');
  expect(await take(1)).toBe(1_000);
});
