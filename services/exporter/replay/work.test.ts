import { expect, test } from '@jest/globals';
import { createMemoryReplays } from '../../../connectors/postgres/memory-replays.ts';
import { someReplay } from '../../../test/contract/replays.ts';
import { settled, stillClock } from '../../../test/support/still-clock.ts';
import { LEASE_MS } from '../../pipeline/replays/job.ts';
import { orderReplay } from '../../pipeline/replays/order.ts';
import { type OpenReplay, workOnReplay } from './work.ts';

test('who works on a job holds it until its target is closed, however long that takes and whatever was ordered', async () => {
  const clock = stillClock();
  const replays = createMemoryReplays();
  const fresh = someReplay('r', new Uint8Array(32));
  await replays.add({ ...fresh, progress: { partitions: {}, rows: 0 } });
  const story: string[] = [];
  let close: () => void = () => undefined;
  const opened: Pick<OpenReplay, 'rows' | 'claim' | 'settle' | 'close'> = {
    rows: () => 0,
    claim: async () => undefined,
    settle: (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
    close: () =>
      new Promise((resolve) => {
        story.push('closes');
        close = resolve;
      }),
  };
  const working = workOnReplay(
    {
      ...{ replays, clock, random: { float: () => 0, bytes: (length) => new Uint8Array(length) }, holder: 'me' },
      open: async () => opened as OpenReplay,
      onFailure: (error) => story.push(String(error)),
      clear: async ({ state, lease }) => story.push(`cleared: ${state}, ${lease}`),
    },
    'r',
    new AbortController().signal,
  );
  await settled();
  const now = async () => (await replays.find('r'))?.job;
  expect(await now()).toMatchObject({ state: 'running', claimedAt: expect.any(Number) });
  await orderReplay({ replays, clock }, 'r', { kind: 'cancel' });
  for (let ms = 0; ms < 2 * LEASE_MS; ms += 1_000) {
    await clock.pass(1_000);
    await settled();
    expect((await now())?.lease?.until).toBeGreaterThan(clock.now());
  }
  expect(story).toEqual(['closes']);
  close();
  expect(await working).toMatchObject({ state: 'cancelled', lease: null });
  expect(story).toEqual(['closes', 'cleared: cancelled, null']);
});
