import { runErasure, STEPS } from '../erasure/run.ts';
import type { LongContext } from '../support/long.ts';
import { suiteSandbox } from '../support/sandbox.ts';

/**
 * `npm run test:long -- erasure [people] [erased]`: 1,000 people write, 50 are erased, the API is killed at each step of the order.
 * @throws when anything of the erased is left or comes back, or anything of the others is missing
 */
export default async function erasure({ stack, args: [people = '1000', erased = '50'] }: LongContext): Promise<void> {
  Object.assign(process.env, stack.env);
  const sandbox = await suiteSandbox('erasure');
  try {
    const say = (line: string) => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);
    const options = { people: Number(people), erased: Number(erased), everyMs: 5_000, steps: STEPS, say };
    const { live, replayed, control, ...report } = await runErasure(sandbox, options);
    const figures = (one: typeof live) => ({ ...one, missing: one.missing.length });
    const all = { ...report, live: figures(live), replayed: figures(replayed), control: figures(control) };
    process.stdout.write(`${JSON.stringify(all)}\n`);
    const left = [live, replayed].some((one) => one.indexed + one.exported + one.opening + one.missing.length > 0);
    if (left || report.inMemory.length > 0 || report.failures.length > 0)
      throw new Error('something is left, or missing');
    if (report.heldBefore === 0)
      throw new Error('no key was found while people wrote: the search of memory proves nothing');
    if (control.indexed === 0) throw new Error('without the removals nothing came back: the search proves nothing');
  } finally {
    await sandbox.close();
  }
}
