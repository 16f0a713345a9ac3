import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROOMS } from '../../stack/rooms.ts';
import { type Stack, startStack } from '../../stack/stack.ts';
import { flowAgainstEach, problemsOf } from '../faults/run-flow.ts';
import { openWorld } from '../faults/world.ts';

/** The short form of `npm run test:long -- faults`; parts are shared with other suites and therefore not killed here. */
describe('rooms killed under load', () => {
  const seed = Number(process.env.DDC_SEED ?? Date.now() % 2 ** 31);
  const folder = mkdtempSync(join(tmpdir(), 'ddc-faults-'));
  let stack: Stack;
  let passed = false;

  beforeAll(async () => {
    stack = await startStack({ folder, given: process.env });
  });

  afterAll(async () => {
    await stack.stop();
    // The logs of the rooms stay when they are needed.
    if (passed) rmSync(folder, { recursive: true, force: true });
  });

  it('lose nothing and double nothing', async () => {
    const world = await openWorld({ label: 'short', stack, folder });
    try {
      const run = await flowAgainstEach(world, ROOMS, { seed, kills: 2, eventsPerSecond: 100 });
      const killed = ROOMS.map((room) => `${room} ${run.kills.filter((kill) => kill.room === room).length}`);
      expect({ seed, logs: world.logs, problems: problemsOf(run) }).toEqual({ seed, logs: world.logs, problems: [] });
      expect(killed).toEqual(ROOMS.map((room) => `${room} 2`));
      passed = true;
    } finally {
      await world.close();
    }
  }, 300_000);
});
