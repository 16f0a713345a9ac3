import { beforeEach, describe, expect, test } from '@jest/globals';
import { createMemoryUsage } from '../../../connectors/postgres/memory-usage.ts';
import type { App } from '../../pipeline/ports/apps.ts';
import type { Usage } from '../../pipeline/ports/usage.ts';
import { createQuotas } from './quotas.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';

const TIERS = { free: { operations: 1_000, periodSeconds: 60 }, premium: { operations: null, periodSeconds: 60 } };
const app = (tier: App['tier'] = 'free'): App => ({
  app: new Uint8Array(32).fill(7),
  tier,
  open: true,
  pot: 0,
  unpaid: false,
  origins: [],
});
let at = 0;
let usage: Usage;
const quotas = (over: Partial<Usage> = {}) => createQuotas({ ...usage, ...over }, TIERS, () => at);
const usedNow = async () =>
  (await usage.add([{ app: app().app, period: Math.floor(at / 60_000) * 60_000, operations: 0 }]))[0];

beforeEach(() => {
  at = 600_000 + 45_000;
  usage = createMemoryUsage();
});

describe('quotas', () => {
  test('what does not fit is refused until the period ends; a smaller one still fits', async () => {
    const it = quotas();
    expect((await it.take(app(), 900)).state).toMatchObject({ remaining: 100, seconds: 15 });
    await expect(it.take(app(), 101)).rejects.toMatchObject({
      code: 'quota_exceeded',
      details: {
        retryAfter: 15,
        headers: { 'ratelimit-policy': '"quota";q=1000;w=60', ratelimit: '"quota";r=100;t=15' },
      },
    });
    expect((await it.take(app(), 100)).state?.remaining).toBe(0);
    at += 15_000;
    expect((await it.take(app(), 1_000)).state?.remaining).toBe(0);
  });

  test('several processes share it: each knows of the others after a flush', async () => {
    const [one, two] = [quotas(), quotas()];
    await one.take(app(), 600);
    await two.take(app(), 300);
    await one.flush();
    await two.flush();
    expect(two.stateOf(app())?.remaining).toBe(100);
    await expect(two.take(app(), 101)).rejects.toMatchObject({ code: 'quota_exceeded' });
    expect(await usedNow()).toBe(900);
    const later = quotas();
    await expect(later.take(app(), 101)).rejects.toMatchObject({ code: 'quota_exceeded' });
  });

  test('they overshoot by no more than what the others let in since their last flush', async () => {
    const [one, two] = [quotas(), quotas()];
    const letIn = async (it: typeof one) => {
      let count = 0;
      for (;;) {
        try {
          await it.take(app(), 100);
          count += 100;
        } catch {
          return count;
        }
      }
    };
    const [first, second] = [await letIn(one), await letIn(two)];
    expect([first, second]).toEqual([1_000, 1_000]);
    await Promise.all([one.flush(), two.flush()]);
    expect([await letIn(one), await letIn(two)]).toEqual([0, 0]);
  });

  test('what was not accepted after all is given back, once', async () => {
    const it = quotas();
    const reserved = await it.take(app(), 1_000);
    reserved.giveBack();
    reserved.giveBack();
    expect((await it.take(app(), 1_000)).state?.remaining).toBe(0);
    await it.flush();
    expect(await usedNow()).toBe(1_000);
  });

  test('what was counted while a flush was under way is told with the next; a flush that fails loses nothing', async () => {
    let fail = true;
    const it = quotas({
      async add(rows) {
        if (fail && rows.some(({ operations }) => operations > 0)) throw new Error('away');
        return usage.add(rows);
      },
    });
    await it.take(app(), 10);
    await expect(it.flush()).rejects.toThrow('away');
    fail = false;
    const flushing = it.flush();
    await it.take(app(), 5);
    await flushing;
    expect(await usedNow()).toBe(10);
    await it.flush();
    expect(await usedNow()).toBe(15);
  });

  test('one statement tells of all apps; without a limit it is counted, and no header says so', async () => {
    let statements = 0;
    const it = quotas({
      add(rows) {
        if (rows.some(({ operations }) => operations > 0)) statements += 1;
        return usage.add(rows);
      },
    });
    const other = { ...app(), app: new Uint8Array(32).fill(8) };
    const { state } = await it.take(app('premium'), 50_000);
    await it.take(other, 3);
    await it.flush();
    await it.flush();
    expect([state, statements, await usedNow()]).toEqual([null, 1, 50_000]);
    expect(rateLimitHeaders([state, null])).toEqual({});
  });
});

test('header fields: one item a policy, whole numbers', () => {
  const policy = (name: string) => ({ name, quota: 1_000, windowSeconds: 60 });
  expect(
    rateLimitHeaders([
      { policy: policy('quota'), remaining: 9.7, seconds: 14.2 },
      { policy: policy('rate'), remaining: -3, seconds: 0 },
    ]),
  ).toEqual({
    'ratelimit-policy': '"quota";q=1000;w=60, "rate";q=1000;w=60',
    ratelimit: '"quota";r=9;t=15, "rate";r=0;t=0',
  });
});
