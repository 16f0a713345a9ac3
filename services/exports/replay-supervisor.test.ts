import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createMemoryReplays } from '../../connectors/postgres/memory-replays.ts';
import { createMemoryProcesses, type MemoryProcess } from '../../connectors/processes/memory-processes.ts';
import { someReplay } from '../../test/contract/replays.ts';
import { settled, stillClock } from '../../test/support/still-clock.ts';
import type { ReplayJob, Replays } from '../pipeline/ports/replays.ts';
import { LEASE_MS } from '../pipeline/replays/job.ts';
import { orderReplay } from '../pipeline/replays/order.ts';
import { ReplaySupervisor } from './replay-supervisor.ts';

let replays: Replays;
let clock: ReturnType<typeof stillClock>;
let living: MemoryProcess[];
let wrong: unknown[];
let supervisor: ReplaySupervisor;
/** Consumer groups of jobs and who is in them; and who is registered. */
let groups: Map<string, number>;
let registered: Set<string>;

beforeEach(() => {
  clock = stillClock();
  replays = createMemoryReplays();
  [living, wrong] = [[], []];
  [groups, registered] = [new Map(), new Set()];
  supervisor = new ReplaySupervisor({
    ...{ replays, clock, random: { float: () => 1 }, host: 'here' },
    processes: createMemoryProcesses((child) => {
      living.push(child);
      void child.ended.then(() => living.splice(living.indexOf(child), 1));
    }),
    async removeGroup(id) {
      if ((groups.get(id) ?? 0) > 0) return false;
      groups.delete(id);
      return true;
    },
    unregister: async (name) => void registered.delete(name),
    onUnreported: (error) => wrong.push(error),
    onFatal: (error) => wrong.push(error),
  });
});
afterEach(async () => {
  await supervisor.close();
  expect(living).toEqual([]);
  expect(wrong).toEqual([]);
});

const add = async (id: string, createdAt: number, host: string | null = null, more: Partial<ReplayJob> = {}) => {
  const job = someReplay(id, new Uint8Array(32));
  await replays.add({ ...job, ...more, createdAt, spec: { ...job.spec, host } });
};
const order = (id: string, command: Parameters<typeof orderReplay>[2]) => orderReplay({ replays, clock }, id, command);
const names = () => living.map(({ name }) => name).sort();
async function look(): Promise<void> {
  await supervisor.look();
  await settled();
}

test('those that wait are worked on, two at once, the first made first, and the next when one has ended', async () => {
  for (const [i, id] of ['c', 'a', 'b'].entries()) await add(id, i);
  await add('rests', 0, null, { state: 'paused' });
  await look();
  await look();
  expect(names()).toEqual(['replay-a', 'replay-c']);
  expect(living.map(({ env }) => env.DDC_REPLAY).sort()).toEqual(['a', 'c']);
  await order('a', { kind: 'cancel' });
  living.find(({ name }) => name === 'replay-a')?.end({ code: 0 });
  await look();
  await look();
  expect(names()).toEqual(['replay-b', 'replay-c']);
});

test('one that writes to the disk of another machine is left to that', async () => {
  await add('theirs', 0, 'there');
  await add('ours', 1, 'here');
  await look();
  expect(names()).toEqual(['replay-ours']);
});

test('one that somebody else works on is left alone until that is not heard of', async () => {
  await add('a', 0);
  await order('a', { kind: 'take', holder: 'a command' });
  await look();
  expect(names()).toEqual([]);
  await clock.pass(LEASE_MS);
  await look();
  expect(names()).toEqual(['replay-a']);
});

test('two at once are all that are worked on, also by other rooms and commands', async () => {
  for (const [i, id] of ['a', 'b', 'c', 'd'].entries()) await add(id, i);
  for (const id of ['a', 'b']) await order(id, { kind: 'take', holder: 'another room' });
  await look();
  expect(names()).toEqual([]);
  await order('b', { kind: 'cancel' });
  await look();
  await look();
  expect(names()).toEqual(['replay-c']);
});

test('whose process ends before its time is told why, and is worked on again with growing pauses', async () => {
  await add('a', 0);
  const pauses: number[] = [];
  for (let n = 0; n < 4; n += 1) {
    await look();
    expect(names()).toEqual(['replay-a']);
    living[0]?.end({ code: 1, lastWords: { code: 'bad_configuration', message: 'no key' } });
    await look();
    expect(names()).toEqual([]);
    let waited = 0;
    for (; names().length === 0; waited += 50) {
      await clock.pass(50);
      await look();
    }
    pauses.push(waited);
    expect((await replays.find('a'))?.job).toMatchObject({
      ...{ state: 'pending' },
      error: { code: 'bad_configuration', message: 'the process ended with 1: no key' },
    });
  }
  expect(pauses).toEqual([250, 500, 1_000, 2_000]);
});

test('when the room stops, its processes do', async () => {
  await add('a', 0);
  await look();
  expect(names()).toEqual(['replay-a']);
  await supervisor.close();
  expect(names()).toEqual([]);
  await look();
  expect(names()).toEqual([]);
  expect((await replays.find('a'))?.job.error).toBeNull();
});

test('of one that is over without anybody at work on it nothing is left: neither its group nor its name', async () => {
  const target = { kind: 'sink' } as const;
  for (const id of ['rests', 'works', 'into']) await add(id, 0, 'there');
  for (const id of ['rests', 'works']) {
    const { version, job } = (await replays.find(id)) ?? {};
    if (job) await replays.change(id, version ?? 0, { ...job, spec: { ...job.spec, target } });
  }
  groups = new Map(['rests', 'works', 'into'].map((id) => [id, 0]));
  registered = new Set(['replay-rests', 'replay-works', 'sales']);
  await order('rests', { kind: 'pause' });
  await order('works', { kind: 'take', holder: 'a command' });
  await look();
  expect([groups.size, registered.size]).toEqual([3, 3]);
  for (const id of ['rests', 'works', 'into']) await order(id, { kind: 'cancel' });
  groups.set('into', 1);
  await look();
  expect([...groups.keys(), ...registered]).toEqual(['works', 'into', 'replay-works', 'sales']);
  // Who worked on the one died over it, and of the other it has left.
  groups.set('into', 0);
  await clock.pass(LEASE_MS);
  await look();
  expect([...groups.keys(), ...registered]).toEqual(['sales']);
  expect(await replays.uncleared(9)).toEqual([]);
});
