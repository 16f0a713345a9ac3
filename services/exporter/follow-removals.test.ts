import { expect, test } from '@jest/globals';
import { RetriableError } from '../pipeline/errors.ts';
import type { NamedRemove } from '../pipeline/ports/removals.ts';
import { followRemovals } from './follow-removals.ts';

const random = { float: () => 0, bytes: (length: number) => new Uint8Array(length) };
/** Time that passes as fast as it is asked for, and at once ends when the room stops. */
const clock = {
  now: () => 0,
  sleep: async (_ms: number, signal?: AbortSignal) => {
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  },
};
const app = new Uint8Array(32).fill(1);
const remove = (n: number): NamedRemove => ({
  ...{ app, wallet: new Uint8Array(32).fill(n), id: new Uint8Array(16).fill(n), issuedAt: n },
  selector: { from: 0, to: n },
});

test('removals are reported once the sink has applied them, those of the past first, and again when it was down', async () => {
  const story: string[] = [];
  const open = [remove(1), remove(2)];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let calls = 0;
  const following = followRemovals({
    exportName: 'test',
    app,
    reports: {
      async due(name, _app, among) {
        if (story.length < 8) story.push(`${name} looks at ${among}: ${open.map(({ issuedAt }) => issuedAt)}`);
        return [...open];
      },
      async report(_name, removals) {
        story.push(`reports ${removals.map(({ id, rows }) => `${id[0]}:${rows}`)}`);
        open.splice(0, removals.length);
        if (removals.length === 1) end();
        else open.push(remove(3));
      },
    },
    sink: {
      async remove(selections) {
        calls += 1;
        if (calls === 1) throw new RetriableError('sink_unavailable', 'the disk is full');
        return selections.map(({ issuedAt }) => issuedAt * 10);
      },
    },
    clock,
    random,
    onRetry: (operation) => void story.push(`${operation} again`),
    onFatal: (error) => void story.push(String(error)),
    onApplied: (removals, rows) => void story.push(`applied ${removals}, ${rows} rows`),
  });
  await ended;
  await following.close();
  expect(story.slice(0, 7)).toEqual([
    'test looks at all: 1,2',
    'removals again',
    'test looks at all: 1,2',
    'reports 1:10,2:20',
    'applied 2, 30 rows',
    'test looks at open: 3',
    'reports 3:30',
  ]);
});
