import { drain } from './drain.ts';
import { Flow } from './flow.ts';
import { harass, type Kill } from './injector.ts';
import { judge, type Verdict } from './verdict.ts';
import type { World } from './world.ts';

/** Environment of the rooms of a control: the two rules off that stand between a copy and its effect. */
export const UNPROTECTED = { DDC_UNSAFE: 'read-rule,dedup' } as const;

export interface ControlRun {
  readonly verdict: Verdict;
  readonly kills: readonly Kill[];
}

/**
 * A short flow with a few kills through unprotected rooms. The same count must find damage in it; when it finds none, the faults were
 * too weak to prove anything.
 */
export async function runControl(world: World, options: { seed: number; seconds: number }): Promise<ControlRun> {
  const { seed, seconds } = options;
  const flow = new Flow(world, { label: 'control', seed, events: seconds * 250, seconds });
  const running = flow.run();
  const kills = await harass(world, flow, 'encryptor', { everyMs: 3_000, seed });
  await running;
  // Without its rules the corridor promises nothing, not even an end: what is there by then is counted.
  await drain(world, flow, 40_000).catch(() => undefined);
  return { verdict: await judge(world, flow), kills };
}
