import { randomInt } from 'node:crypto';
import { sandboxCast } from '../../cli/demo/cast.ts';
import { EXPORT_ENV } from '../schemathesis/export-bodies.ts';
import { runSchemathesis } from '../schemathesis/schemathesis.ts';
import { wrongAboutRun } from '../schemathesis/wrong-about-run.ts';
import type { LongContext } from '../support/long.ts';
import { suiteSandbox } from '../support/sandbox.ts';

const SECONDS = 1_200;

/**
 * `npm run test:long -- schemathesis [--seconds <seconds>]`: what `test/e2e/schemathesis.test.ts` does, for twenty minutes. `DDC_SEED` repeats it.
 * @throws with what schemathesis says
 */
export default async function schemathesis({ stack, args }: LongContext): Promise<void> {
  const asked = args[args.indexOf('--seconds') + 1];
  const seconds = args.includes('--seconds') ? Number(asked) : SECONDS;
  if (!Number.isFinite(seconds) || seconds <= 0) throw new Error(`${asked}: give a number of seconds`);
  Object.assign(process.env, stack.env);
  const sandbox = await suiteSandbox('schemathesis', { env: EXPORT_ENV });
  try {
    const { api: url, network } = sandbox.deployment;
    const { app } = await sandboxCast();
    const seed = Number(process.env.DDC_SEED ?? randomInt(2 ** 31));
    process.stderr.write(`schemathesis: seed ${seed}, ${seconds} s\n`);
    const report = await runSchemathesis({ url, network, app, seconds, seed, indexed: true });
    const { statuses, failures: _, ...figures } = report;
    for (const [label, counts] of Object.entries(statuses))
      process.stdout.write(`${label} ${JSON.stringify(counts)}\n`);
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    const wrong = wrongAboutRun(report, sandbox.sandbox.rooms.starts('api'));
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  } finally {
    await sandbox.close();
  }
}
