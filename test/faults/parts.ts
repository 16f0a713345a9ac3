import { setTimeout as wait } from 'node:timers/promises';
import type { PartName } from '../../stack/part.ts';
import type { Flow } from './flow.ts';
import type { World } from './world.ts';

/** One part that was killed under load. */
export interface PartKill {
  readonly part: PartName;
  /** Seconds since the flow began. */
  readonly at: number;
  /** Seconds until the part answered again. */
  readonly down: number;
}

/** How long a part stays down before it is started again. Longer than a flush, shorter than the patience of a room. */
const DOWN_MS = 3_000;

/** Kills parts one after the other (SIGKILL) while a flow is sent, and starts each again on its own state. */
export async function killParts(
  { sandbox }: World,
  flow: Flow,
  parts: readonly PartName[],
  everyMs: number,
): Promise<PartKill[]> {
  const began = performance.now();
  const since = (from: number): number => Math.round((performance.now() - from) / 100) / 10;
  const kills: PartKill[] = [];
  for (const [i, name] of parts.entries()) {
    const due = began + (i + 0.5) * everyMs;
    if (due > performance.now()) await wait(due - performance.now());
    if (flow.sent) throw new Error(`${name} was to be killed under load, but the flow was over before its turn.`);
    const part = sandbox.stack.parts.get(name);
    if (!part) throw new Error(`There is no ${name} to kill.`);
    const at = since(began);
    const from = performance.now();
    await part.kill();
    await wait(DOWN_MS);
    await part.restart();
    kills.push({ part: name, at, down: since(from) });
  }
  return kills;
}
