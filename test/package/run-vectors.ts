// Runs the files of vectors that the installed package has, with the code of the package: `bundleFor` puts its name where this says protocol/.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Case, runCase } from '../../cli/run-case.ts';
import { ready } from '../../protocol/index.ts';

/** Whether this process may make code out of text, as a page under a strict Content-Security-Policy may not. */
function evaluates(): boolean {
  try {
    return Reflect.construct(Function, ['return true'])() === true;
  } catch (error) {
    if (error instanceof EvalError) return false;
    throw error;
  }
}

await ready();
const failed: string[] = [];
let passed = 0;
for (const name of process.argv.slice(2)) {
  const file = fileURLToPath(import.meta.resolve(`@cere-ddc/protocol/vectors/${name}`));
  for (const one of (JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] }).cases) {
    const verdict = runCase(one);
    if (verdict.passed) passed += 1;
    else failed.push(`${name} ${verdict.id}: ${verdict.reason}`);
  }
}
process.stdout.write(JSON.stringify({ passed, failed, evaluates: evaluates() }));
