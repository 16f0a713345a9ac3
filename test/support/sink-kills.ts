import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { nodeArguments } from '../../stack/built.ts';

/** What a member is told (`sink-member.ts`). */
export interface MemberPlan {
  readonly sink: string;
  readonly config: unknown;
  /** Origins before it are delivered. */
  readonly end: number;
}

export interface KillPlan extends MemberPlan {
  /** How often some member is killed. */
  readonly kills: number;
  /** Called after so many origins, once each, in the order in which they come up, while members go on. */
  readonly meanwhile: readonly { readonly at: number; readonly act: () => Promise<void> }[];
}

/** What came of it. */
export interface KillCounts {
  /** Members that were killed before the log was at its end. */
  readonly killed: number;
  /** How often a member had to wait for the target. */
  readonly waits: number;
}

/** Two members deliver one log to one sink; again and again one is killed (SIGKILL) at some moment, and started again at once. */
export async function deliverUnderKills({ kills, meanwhile, ...plan }: KillPlan): Promise<KillCounts> {
  let [at, killed, waits] = [0, 0, 0];
  const alive: ChildProcess[] = [];
  const due = [...meanwhile];
  const acts: Promise<void>[] = [];

  /** Spread over the log. Not on the beat of what a member says: a little later, which is another moment each time. */
  function killSome(): void {
    if (killed >= kills || at >= plan.end || at < ((killed + 0.5) * plan.end) / kills) return;
    const victim = alive[killed % alive.length];
    killed += 1;
    setTimeout(() => victim?.kill('SIGKILL'), (killed * 37) % 60);
  }

  function heard(text: string): void {
    for (const [, place] of text.matchAll(/^at (\d+)$/gm)) at = Math.max(at, Number(place));
    waits += text.split('waits:').length - 1;
    while (due[0] && due[0].at <= at) acts.push((due.shift() as (typeof due)[0]).act());
    killSome();
  }

  /** @returns whether it came to the end of the log */
  async function runMember(): Promise<boolean> {
    const child = spawn(process.execPath, [...nodeArguments('test/support/sink-member.ts'), JSON.stringify(plan)], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    alive.push(child);
    child.stdout.on('data', (chunk: Buffer) => heard(String(chunk)));
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    const [code, signal] = await once(child, 'exit');
    alive.splice(alive.indexOf(child), 1);
    if (code !== 0 && signal === null) throw new Error(`a member ended with ${code}:\n${errors}`);
    return signal === null;
  }

  await Promise.all(
    ['one', 'two'].map(async () => {
      while (!(await runMember()));
    }),
  );
  await Promise.all(acts);
  if (due.length > 0) throw new Error('the log ended before all had happened that was to happen');
  return { killed, waits };
}
