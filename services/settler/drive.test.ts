import { expect, test } from '@jest/globals';
import { RetriableError } from '../pipeline/errors.ts';
import { drive } from './drive.ts';
import type { SettlerEvent } from './events.ts';

test('a node that has discarded the state is an alarm of its own, and is asked again', async () => {
  const stop = new AbortController();
  const told: SettlerEvent[] = [];
  const answers = [new RetriableError('chain_pruned', 'x'), new RetriableError('chain_timeout', 'y')];
  await drive(
    {
      clock: { now: () => 0, sleep: async () => undefined },
      random: { float: () => 0, bytes: (length) => new Uint8Array(length) },
      signals: { emit: (name) => void told.push(name) },
      async lead(work) {
        await work(async () => undefined);
        return true;
      },
      rounds: () => ({
        async tick() {
          const error = answers.shift();
          if (error) throw error;
          stop.abort();
          return 'idle';
        },
      }),
    },
    stop.signal,
  );
  expect(told).toEqual(['leading', 'pruned', 'retry']);
});
