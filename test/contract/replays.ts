import { beforeEach, describe, expect, test } from '@jest/globals';
import { newJob } from '../../services/exporter/replay/job.ts';
import { freshProgress } from '../../services/exporter/replay/progress.ts';
import type { ReplayJob, Replays } from '../../services/pipeline/ports/replays.ts';

const job = (id: string, createdAt = 0): ReplayJob =>
  newJob(
    id,
    {
      app: 'aa'.repeat(32),
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
