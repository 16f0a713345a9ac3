import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createMemoryExports } from '../../connectors/postgres/memory-exports.ts';
import { createMemoryReplays } from '../../connectors/postgres/memory-replays.ts';
import { createMemoryProcesses, type MemoryProcess } from '../../connectors/processes/memory-processes.ts';
import { someDeclaration } from '../../test/contract/exports.ts';
import { someReplay } from '../../test/contract/replays.ts';
import { settled, stillClock } from '../../test/support/still-clock.ts';
import type { Exports } from '../pipeline/ports/exports.ts';
import type { Replays } from '../pipeline/ports/replays.ts';
import { orderReplay } from '../pipeline/replays/order.ts';
import { Supervisor, type SupervisorEdges } from './supervisor.ts';

let exports: Exports;
let clock: ReturnType<typeof stillClock>;
let living: MemoryProcess[];
let replays: Replays;
let inGroup: Set<string>;
let forgotten: string[];
let fatal: unknown[];
let supervisor: Supervisor;
/** A process that does not end when it is asked to. */
let deaf: boolean;

beforeEach(() => {
  clock = stillClock();
  exports = createMemoryExports();
  replays = createMemoryReplays();
  [living, inGroup, forgotten, fatal, deaf] = [[], new Set(), [], [], false];
  const edges: SupervisorEdges = {
    ...{ exports, clock, random: { float: () => 1 } },
    processes: createMemoryProcesses((child) => {
      const started = deaf ? Object.assign(child, { stop: () => undefined }) : child;
      living.push(started);
      void started.ended.then(() => living.splice(living.indexOf(started), 1));
    }),
    filling: { replays, clock, removeGroup: async (id) => !inGroup.has(id), unregister: async () => undefined },
    removeGroup: async (name) => !inGroup.has(name),
    onUnreported: (error) => fatal.push(error),
    onFatal: (error) => fatal.push(error),
    onForgotten: ({ name }) => forgotten.push(name),
  };
  supervisor = new Supervisor(edges);
});
afterEach(async () => {
  deaf = false;
  await supervisor.close();
  expect(fatal).toEqual([]);
});

const add = async (name: string, state: 'running' | 'paused' = 'running') =>
  exports.add(someDeclaration({ name }), state);
const names = () => living.map((one) => one.name).sort();
const runOf = async (id: number) => (await exports.status([id]))[0]?.run;
async function look(): Promise<void> {
  await supervisor.look();
  await settled();
}

test('what is declared runs, under its name, and what is paused does not', async () => {
  await add('a');
  await add('b', 'paused');
  await look();
  await look();
  expect(names()).toEqual(['a']);
  expect(living[0]?.env).toEqual({ DDC_EXPORT: 'a', DDC_HTTP_PORT: '0' });
});

test('pausing stops it, resuming starts it', async () => {
  const { id } = await add('a');
  await look();
  await exports.setState(id, 'paused');
  await look();
  expect(names()).toEqual([]);
  expect(await runOf(id)).toMatchObject({ state: 'down' });
  await exports.setState(id, 'running');
  await look();
  expect(names()).toEqual(['a']);
});

describe('one that ends', () => {
  test('is started again with growing pauses, while the others stay as they are', async () => {
    const [a] = [await add('a'), await add('b')];
    await look();
    const other = living.find(({ name }) => name === 'b');
    const pauses: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      living
        .find(({ name }) => name === 'a')
        ?.end({ code: 1, lastWords: { code: 'sink_unavailable', message: 'full' } });
      await settled();
      expect(names()).toEqual(['b']);
      let waited = 0;
      for (; !names().includes('a'); waited += 50) await clock.pass(50);
      pauses.push(waited);
    }
    expect(pauses).toEqual([250, 500, 1_000, 2_000]);
    expect(await runOf(a.id)).toMatchObject({
      ...{ state: 'up', starts: 5 },
      trouble: { code: 'sink_unavailable', message: 'the process ended with 1: full' },
    });
    expect(living.find(({ name }) => name === 'b')).toBe(other);
  });

  test('after a good while has a short pause again', async () => {
    const { id } = await add('a');
    await look();
    for (let n = 0; n < 5; n += 1) {
      living[0]?.kill();
      await settled();
      expect(await runOf(id)).toMatchObject({ state: 'waiting', trouble: { code: 'killed' } });
      await clock.pass(30_000);
    }
    await clock.pass(60_000);
    living[0]?.kill();
    await settled();
    await clock.pass(250);
    expect(names()).toEqual(['a']);
  });

  test('is not started again when it is paused meanwhile', async () => {
    const { id } = await add('a');
    await look();
    living[0]?.kill();
    await exports.setState(id, 'paused');
    await look();
    await clock.pass(60_000);
    expect(names()).toEqual([]);
  });
});

test('one that does not stop is ended, and holds up nobody', async () => {
  const a = await add('a');
  deaf = true;
  await look();
  deaf = false;
  await exports.setState(a.id, 'paused');
  await add('b');
  await look();
  expect(names()).toEqual(['a', 'b']);
  await clock.pass(8_999);
  expect(names()).toEqual(['a', 'b']);
  await clock.pass(1);
  expect(names()).toEqual(['b']);
});

test('one that is removed is forgotten once it has stopped and nobody is in its group', async () => {
  const { id } = await add('a');
  await look();
  inGroup.add('a');
  await exports.setState(id, 'ending');
  await look();
  await look();
  expect([names(), forgotten]).toEqual([[], []]);
  inGroup.delete('a');
  await look();
  expect(forgotten).toEqual(['a']);
  expect(await exports.find('a')).toBeNull();
});

test('one that was removed and declared again is another one', async () => {
  const first = await add('a');
  await look();
  const before = living[0];
  await exports.setState(first.id, 'ending');
  await exports.forget(first.id);
  await add('a');
  await look();
  expect(living).toHaveLength(1);
  expect(living[0]).not.toBe(before);
});

const order = (command: Parameters<typeof orderReplay>[2]) => orderReplay({ replays, clock }, 'r', command);

test('one that a replay fills is not started before that is over, and nobody is at work on it any more', async () => {
  await add('sales');
  const job = someReplay('r', new Uint8Array(32));
  await replays.add(job);
  await look();
  expect(names()).toEqual([]);
  await order({ kind: 'take', holder: 'a room' });
  await order({ kind: 'cancel' });
  await look();
  expect(names()).toEqual([]);
  await order({ kind: 'leave', holder: 'a room', progress: job.progress });
  await look();
  expect(names()).toEqual(['sales']);
});

test('one that is removed takes its replays along, and its name is free once nobody is at work on them', async () => {
  const { id } = await add('sales', 'paused');
  const job = someReplay('r', new Uint8Array(32));
  await replays.add(job);
  await replays.add({ ...job, id: 'other', spec: { ...job.spec, target: { kind: 'export', name: 'other' } } });
  await order({ kind: 'take', holder: 'a room' });
  await exports.setState(id, 'ending');
  for (let n = 0; n < 3; n += 1) await look();
  expect([(await replays.find('r'))?.job.state, forgotten]).toEqual(['cancelled', []]);
  inGroup.add('r');
  await order({ kind: 'leave', holder: 'a room', progress: job.progress });
  for (let n = 0; n < 2; n += 1) await look();
  expect(forgotten).toEqual([]);
  inGroup.delete('r');
  for (let n = 0; n < 2; n += 1) await look();
  expect([forgotten, (await replays.find('other'))?.job.state]).toEqual([['sales'], 'pending']);
});
