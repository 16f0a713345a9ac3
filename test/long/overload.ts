import { runOverload } from '../overload/run.ts';
import { problemsOf } from '../overload/verdict.ts';
import type { LongContext } from '../support/long.ts';
import { suiteSandbox } from '../support/sandbox.ts';

const SECONDS = 300;

/**
 * `npm run test:long -- overload [--seconds n]`: measures what the API takes, then offers twice as much for five minutes. The last line of stdout is JSON.
 * @throws when what was accepted waited too long or was lost, a refusal was not 429 or 503 with Retry-After, or memory grew
 */
export default async function overload({ stack, args }: LongContext): Promise<void> {
  const [flag, given] = args[0] === '--seconds' ? args : ['--seconds', args[0]];
  const seconds = Number(given ?? SECONDS);
  if (!Number.isFinite(seconds) || seconds <= 0) throw new Error(`${flag} ${given}: give a number of seconds`);
  Object.assign(process.env, stack.env);
  const sandbox = await suiteSandbox('overload', { rooms: ['api'] });
  try {
    const say = (line: string) => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);
    const report = await runOverload(sandbox, { size: 100, capacitySeconds: 15, times: 2, seconds, say });
    const problems = problemsOf(report);
    process.stdout.write(`${JSON.stringify({ ...report, wrong: report.wrong.length, seconds, problems })}\n`);
    if (problems.length > 0) throw new Error(problems.join('\n'));
  } finally {
    await sandbox.close();
  }
}
