import { expect, test } from '@jest/globals';
import { createShortCache } from './short-cache.ts';

function setUp({ maxEntries = 100, maxBatch = 100 } = {}) {
  const loads: string[][] = [];
  const releases: (() => void)[] = [];
  let now = 0;
  let held = false;
  const { ask } = createShortCache<string, string>({
    keyOf: (request) => request,
    async load(requests) {
      loads.push([...requests]);
      if (held) await new Promise<void>((resolve) => releases.push(resolve));
      return requests.map((request) => `${request}@${loads.length}`);
    },
    now: () => now,
    ttlMs: 5_000,
    maxEntries,
    maxBatch,
  });
  return {
    ask,
    loads,
    hold: () => {
      held = true;
    },
    release: () => {
      held = false;
      for (const resolve of releases.splice(0)) resolve();
    },
    at: (ms: number) => {
      now = ms;
    },
  };
}

test('answers in order from one load, then from memory until the time is up', async () => {
  const { ask, loads, at } = setUp();
  expect(await ask(['a', 'b', 'a'])).toEqual(['a@1', 'b@1', 'a@1']);
  at(5_000);
  expect(await ask(['b'])).toEqual(['b@1']);
  at(5_001);
  expect(await ask(['b'])).toEqual(['b@2']);
  expect(loads).toEqual([['a', 'b'], ['b']]);
});

test('age counts from the start of the load: a slow answer is not fresh', async () => {
  const { ask, loads, hold, release, at } = setUp();
  hold();
  const asked = ask(['a']);
  at(4_000);
  release();
  await asked;
  at(5_001);
  await ask(['a']);
  expect(loads).toHaveLength(2);
});

test('an answer older than the limit is not given at all', async () => {
  const { ask, hold, release, at } = setUp();
  hold();
  const asked = ask(['a']);
  at(5_001);
  release();
  await expect(asked).rejects.toMatchObject({ code: 'vault_slow', retriable: true });
});

test('what is asked while loads are under way shares the next one', async () => {
  const { ask, loads, hold, release } = setUp();
  hold();
  const asked = [ask(['a']), ask(['b']), ask(['a', 'c']), ask(['d', 'b'])];
  release();
  await Promise.all(asked);
  expect(loads).toEqual([['a'], ['b'], ['c', 'd']]);
});

test('keeps no more than its limit, and asks no more than its limit at once', async () => {
  const { ask, loads } = setUp({ maxEntries: 10, maxBatch: 8 });
  const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
  await ask(names);
  expect(loads.map((one) => one.length)).toEqual([8, 8, 4]);
  await ask(names.slice(0, 5));
  expect(loads).toHaveLength(4);
});

test('a load that fails is told to all who wait and asked again next time', async () => {
  let fail = true;
  const { ask } = createShortCache<string, string>({
    keyOf: (request) => request,
    async load(requests) {
      if (fail) throw new Error('down');
      return [...requests];
    },
    now: () => 0,
    ttlMs: 1,
    maxEntries: 1,
    maxBatch: 1,
  });
  const asked = [ask(['a']), ask(['a'])];
  for (const one of asked) await expect(one).rejects.toThrow('down');
  fail = false;
  expect(await ask(['a'])).toEqual(['a']);
});

test('secrets are overwritten where nobody gets them: an answer that is too old, and copies made for a question that failed', async () => {
  const made: Uint8Array[] = [];
  const secret = () => {
    made.push(new Uint8Array(4).fill(7));
    return made.at(-1) as Uint8Array;
  };
  let now = 0;
  const { ask } = createShortCache<string, Uint8Array>({
    keyOf: (request) => request,
    async load([request]) {
      if (request === 'bad') throw new Error('down');
      if (request === 'slow') now += 5_001;
      return [secret()];
    },
    give: () => secret(),
    onDrop: (value) => void value.fill(0),
    now: () => now,
    ttlMs: 5_000,
    maxEntries: 10,
    maxBatch: 1,
  });
  await expect(ask(['slow'])).rejects.toMatchObject({ code: 'vault_slow' });
  expect(made.map((bytes) => bytes[0])).toEqual([0]);
  await ask(['good']);
  await expect(ask(['good', 'bad', 'other'])).rejects.toThrow('down');
  // 'slow'; 'good' as it is kept and as it was given; two copies for nobody, and 'other' as it is kept between them.
  expect(made.map((bytes) => bytes[0]).sort()).toEqual([0, 0, 0, 7, 7, 7]);
});
