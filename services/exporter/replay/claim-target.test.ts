import { beforeAll, expect, test } from '@jest/globals';
import { ready } from '../../../protocol/index.ts';
import { someReplay } from '../../../test/contract/replays.ts';
import { reporterOf } from '../../pipeline/replays/job.ts';
import { claimTarget, logOfTarget } from './claim-target.ts';

beforeAll(() => ready());

const LOG = new Uint8Array(16).fill(7);
const into = someReplay('0a', new Uint8Array(32));
const own = { ...into, spec: { ...into.spec, target: { kind: 'sink' as const } } };
const sink = (mark: number) => ({ position: async () => ({ next: mark + 1, mark }) });
const claim = (job: typeof into | typeof own, mark: number, members: number) =>
  claimTarget(job, sink(mark), async () => members, [0, 1]);

test('an export that has delivered something, or is at work, is not replayed into', async () => {
  await expect(claim(into, -1, 0)).resolves.toBeUndefined();
  await expect(claim(into, 0, 0)).rejects.toMatchObject({ code: 'target_used' });
  await expect(claim(into, -1, 1)).rejects.toMatchObject({ code: 'export_running' });
});

test('an export that goes on while it is replayed into is told of as what it is: something is missing then', async () => {
  const claimed = { ...into, claimedAt: 1 };
  await expect(claimTarget(claimed, sink(5), async () => 0, [])).resolves.toBeUndefined();
  await expect(claimTarget(claimed, sink(5), async () => 1, [])).rejects.toMatchObject({ code: 'target_moved' });
});

test("a target of a job's own refuses others by itself: each job has its own log", async () => {
  await expect(claim(own, 5, 0)).resolves.toBeUndefined();
  const other = { ...own, id: '0b' };
  expect(new Set([into, own, other].map((job) => logOfTarget(job, LOG))).size).toBe(3);
  expect([logOfTarget(into, LOG), logOfTarget(own, LOG)]).toEqual(['07'.repeat(16), logOfTarget({ ...own }, LOG)]);
});

test('a replay into an export claims the target as that export does, so that this one goes on with it', () => {
  expect({ log: logOfTarget(into, LOG), name: reporterOf(into) }).toEqual({ log: '07'.repeat(16), name: 'sales' });
});
