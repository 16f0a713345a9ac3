import { expect, test } from '@jest/globals';
import { RetriableError } from '../pipeline/errors.ts';
import type { NamedErasure } from '../pipeline/ports/erasures.ts';
import type { RowOwner } from '../pipeline/ports/sink.ts';
import { ErasedOwners } from './erased-owners.ts';
import { followErasures } from './follow-erasures.ts';

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
const erasure = (id: number, fence: number | null): NamedErasure => ({
  app,
  wallet: new Uint8Array(32).fill(id),
  id: new Uint8Array(16).fill(id),
  issuedAt: id,
  fence,
  rootVersions: [1],
});

test('what a sink that is down could not erase stays due, and is reported only when it is done', async () => {
  const story: string[] = [];
  const say = (what: string, owners: readonly RowOwner[]) =>
    story.push(`${what} ${owners.map(({ wallet, before }) => `${Number.parseInt(wallet.slice(0, 2), 16)}<${before}`)}`);
  let calls = 0;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const following = await followErasures({
    app,
    erasures: { all: async () => [erasure(1, 10)], open: async () => [erasure(2, 20), erasure(3, null)] },
    async report(applied) {
      story.push(`reports ${applied.map(({ issuedAt, rows }) => `${issuedAt}: ${rows}`)}`);
      if (applied.some(({ issuedAt }) => issuedAt === 2)) end();
    },
    erased: new ErasedOwners(),
    sink: {
      async erase(owners) {
        calls += 1;
        if (calls % 2 === 1) {
          say('cannot erase', owners);
          throw new RetriableError('sink_unavailable', 'the disk is full');
        }
        say('erases', owners);
        return owners.map(() => calls);
      },
    },
    clock,
    random,
    onRetry: (operation) => void story.push(`${operation} again`),
    onFatal: (error) => void story.push(String(error)),
    onApplied: () => undefined,
  });
  await ended;
  await following.close();
  expect(story).toEqual([
    'cannot erase 1<10',
    'erasures again',
    'erases 1<10',
    'reports 1: 2',
    'cannot erase 2<20',
    'erasures again',
    'erases 2<20',
    'reports 2: 4',
  ]);
});

test('what an owner lost is reported once, by the last of his erasures, and an erasure without a fence deletes nothing', async () => {
  const reports: string[] = [];
  const looks = [[erasure(1, null)], [{ ...erasure(1, 9), issuedAt: 2, id: new Uint8Array(16) }, erasure(1, 5)], []];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const lost = [9];
  const following = await followErasures({
    app,
    erasures: {
      all: async () => looks.shift() ?? [],
      async open() {
        const look = looks.shift();
        if (!look) end();
        return look ?? [];
      },
    },
    report: async (applied) => void reports.push(...applied.map(({ issuedAt, rows }) => `${issuedAt}: ${rows}`)),
    erased: new ErasedOwners(),
    sink: {
      async erase(owners) {
        reports.push(`erases ${owners.map(({ before }) => `<${before}`)}`);
        return owners.map(() => lost.shift() ?? 0);
      },
    },
    clock,
    random,
    onRetry: () => undefined,
    onFatal: (error) => void reports.push(String(error)),
    onApplied: () => undefined,
  });
  await ended;
  await following.close();
  expect(reports).toEqual(['erases <9', '2: 9', '1: 0']);
});

test('who asks for all that was committed waits for the fences of the app, and of no other', async () => {
  const other = { ...erasure(5, null), app: new Uint8Array(32).fill(9) };
  const looks = [[other], [other, erasure(1, null)], [other, erasure(1, null)], [other, erasure(1, 10)]];
  const story: string[] = [];
  const following = await followErasures({
    app,
    erasures: { all: async () => looks.shift() ?? [], open: async () => [] },
    report: async (applied) => void story.push(`reports ${applied.map(({ issuedAt }) => issuedAt)}`),
    erased: new ErasedOwners(),
    sink: { erase: async (owners) => owners.map(({ before }) => story.push(`erases <${before}`)) },
    clock,
    random,
    onRetry: (_operation, _attempt, error) => void story.push((error as RetriableError).code),
    onFatal: (error) => void story.push(String(error)),
    onApplied: () => undefined,
  });
  await following.now(new AbortController().signal);
  await following.close();
  expect(story).toEqual(['erasure_open', 'erasure_open', 'erases <10', 'reports 1']);
});
