import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROOMS } from '../../stack/rooms.ts';
import { type Stack, startStack } from '../../stack/stack.ts';
import { runControl, UNPROTECTED } from '../faults/control.ts';
import { doubledOf } from '../faults/report.ts';
import { flowAgainstEach, problemsOf } from '../faults/run-flow.ts';
import { openWorld, type World } from '../faults/world.ts';

/** The short form of `npm run test:long -- faults`; parts are shared with other suites and therefore not killed here. */
describe('rooms killed under load', () => {
  const seed = Number(process.env.DDC_SEED ?? Date.now() % 2 ** 31);
  const folder = mkdtempSync(join(tmpdir(), 'ddc-faults-'));
  let stack: Stack;
  let failed = false;

  beforeAll(async () => {
    stack = await startStack({ folder, given: process.env });
  });

  afterAll(async () => {
    await stack.stop();
    // The logs of the rooms stay when they are needed.
    if (!failed) rmSync(folder, { recursive: true, force: true });
  });

  /** Rooms of their own for `work`; their logs stay when it fails. */
  async function within(
    label: string,
    env: Record<string, string>,
    work: (world: World) => Promise<void>,
  ): Promise<void> {
    const world = await openWorld({ label, stack, folder: join(folder, label), env });
    try {
      await work(world);
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      await world.close();
    }
  }

  it('lose nothing and double nothing', async () => {
    await within('short', {}, async (world) => {
      const run = await flowAgainstEach(world, ROOMS, { seed, kills: 2, eventsPerSecond: 100 });
      const killed = ROOMS.map((room) => `${room} ${run.kills.filter((kill) => kill.room === room).length}`);
      expect({ seed, logs: world.logs, problems: problemsOf(run) }).toEqual({ seed, logs: world.logs, problems: [] });
      expect(killed).toEqual(ROOMS.map((room) => `${room} 2`));
    });
  }, 300_000);

  it('control: without the read rule and dedup the same count finds doubles', async () => {
    await within('control', UNPROTECTED, async (world) => {
      const { verdict, kills } = await runControl(world, { seed, seconds: 15 });
      expect(kills.length).toBeGreaterThan(0);
      expect(doubledOf(verdict)).toBeGreaterThan(0);
    });
  }, 180_000);
});
