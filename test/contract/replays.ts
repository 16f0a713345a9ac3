import { beforeEach, describe, expect, test } from '@jest/globals';
import { toHex } from '../../protocol/index.ts';
import type { ReplayJob, Replays } from '../../services/pipeline/ports/replays.ts';
import { newJob } from '../../services/pipeline/replays/job.ts';
import { freshProgress } from '../../services/pipeline/replays/progress.ts';

/** A job of an app into an export of it. */
export const someReplay = (id: string, app: Uint8Array): ReplayJob => job(id, 0, toHex(app));

const job = (id: string, createdAt = 0, app = 'aa'.repeat(32)): ReplayJob =>
  newJob(
    id,
    {
      app,
      wallet: null,
      types: ['PURCHASE'],
      from: 1,
      to: null,
      scopes: ['purchase'],
      target: { kind: 'export', name: 'sales' },
      sink: { name: 'ndjson', config: { folder: '/tmp/ü' } },
      schema: 'typed',
      by: 'app',
      rate: 100,
      cpuShare: null,
      host: null,
    },
    freshProgress(new Map([[3, 9]])),
    createdAt,
  );

/** `open` gives an empty store. */
export function replaysContract(name: string, open: () => Promise<Replays>): void {
  describe(`Replays: ${name}`, () => {
    let replays: Replays;
    beforeEach(async () => {
      replays = await open();
    });

    test('a job is kept as it is, and its id is its own', async () => {
      await replays.add(job('one', 7));
      expect(await replays.find('one')).toEqual({ version: 1, job: job('one', 7) });
      expect(await replays.find('two')).toBeNull();
      await expect(replays.add(job('one'))).rejects.toMatchObject({ code: 'replay_exists' });
    });

    test('the last made comes first', async () => {
      for (const one of [job('b', 5), job('a', 5), job('c', 1)]) await replays.add(one);
      const ids = async (limit: number) => (await replays.list(limit)).map((one) => one.job.id);
      expect(await ids(9)).toEqual(['b', 'a', 'c']);
      expect(await ids(2)).toEqual(['b', 'a']);
    });

    test('of an app, its own alone', async () => {
      const other = 'bb'.repeat(32);
      for (const one of [job('a', 1), job('b', 2, other), job('c', 3)]) await replays.add(one);
      const ids = async (limit: number, app: string) => (await replays.list(limit, app)).map((one) => one.job.id);
      expect([await ids(9, other), await ids(9, 'aa'.repeat(32)), await ids(1, 'aa'.repeat(32))]).toEqual([
        ['b'],
        ['c', 'a'],
        ['c'],
      ]);
    });

    test('those that wait or run, the first made first', async () => {
      const states = ['pending', 'paused', 'running', 'failed', 'done', 'cancelled'] as const;
      for (const [i, state] of states.entries()) await replays.add({ ...job(state, 9 - i), state });
      const ids = async (limit: number) => (await replays.waiting(limit)).map((one) => one.job.id);
      expect([await ids(9), await ids(1)]).toEqual([['running', 'pending'], ['running']]);
    });

    test('those that are over until they are cleared, the first made first', async () => {
      const states = ['pending', 'paused', 'running', 'failed', 'done', 'cancelled'] as const;
      for (const [i, state] of states.entries()) await replays.add({ ...job(state, 9 - i), state });
      const ids = async (limit: number) => (await replays.uncleared(limit)).map((one) => one.job.id);
      expect([await ids(9), await ids(1)]).toEqual([['cancelled', 'done'], ['cancelled']]);
      await replays.change('cancelled', 1, { ...job('cancelled'), state: 'cancelled', clearedAt: 1 });
      expect(await ids(9)).toEqual(['done']);
    });

    test('those into exports until they are over and taken away, the first made first', async () => {
      const states = ['pending', 'paused', 'running', 'failed', 'done', 'cancelled'] as const;
      for (const [i, state] of states.entries()) await replays.add({ ...job(state, 9 - i), state });
      const own = job('own');
      await replays.add({ ...own, spec: { ...own.spec, target: { kind: 'sink' } } });
      const ids = async () => (await replays.intoExports()).map((one) => one.job.id);
      expect(await ids()).toEqual([...states].reverse());
      await replays.change('done', 1, { ...job('done', 5), state: 'done', clearedAt: 1 });
      expect(await ids()).toEqual(['cancelled', 'failed', 'running', 'paused', 'pending']);
    });

    test('of several changes of one version one is made', async () => {
      await replays.add(job('one'));
      const made = await Promise.all(
        Array.from({ length: 10 }, (_, n) => replays.change('one', 1, { ...job('one'), endedAt: n })),
      );
      expect(made.filter((one) => one)).toHaveLength(1);
      const now = await replays.find('one');
      expect(now).toEqual({ version: 2, job: { ...job('one'), endedAt: made.indexOf(true) } });
      expect(await replays.change('none', 1, job('none'))).toBe(false);
    });
  });
}
