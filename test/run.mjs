// `npm test [-- jest arguments]`: installs and prepares what is missing, checks types and style, brings up one stack, runs
// every suite against it, stops it again, and ends with the line `N passed, N failed, N skipped`.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { install } from '../cli/install.mjs';
import { engineAnswers } from '../stack/engine.mjs';
import { prepareAll, prepareOpenSearch } from '../stack/prepare.mjs';
import { root } from '../stack/root.mjs';
import {
  prepareChromium,
  prepareOtherNode,
  prepareSchemathesis,
  prepareSqlglot,
  prepareVersitygw,
} from './support/prepared.mjs';

const jestArguments = process.argv.slice(2);
const say = (part, state) => process.stderr.write(`${part}: ${state}\n`);
const total = { passed: 0, failed: 0, skipped: 0 };
const children = new Set();
let stack;
let ending = false;

/** Runs a tool to its end with its output shown; true when it succeeded. */
function run(args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
    children.add(child);
    child.on('exit', (code) => {
      children.delete(child);
      resolve(code === 0);
    });
  });
}

async function check(name, args) {
  const from = performance.now();
  const passed = await run(args);
  total[passed ? 'passed' : 'failed'] += 1;
  say(name, `${passed ? 'passed' : 'FAILED'} (${((performance.now() - from) / 1000).toFixed(1)} s)`);
}

async function startStack() {
  const { build } = await import('../stack/build.mjs');
  const built = await build();
  const { startStack: start } = await import(`${built}/stack/stack.js`);
  const { display } = await import(`${built}/stack/progress.js`);
  const { runFolder } = await import(`${built}/cli/run-folder.js`);
  const { startInTestcontainers } = await import(`${built}/test/support/containers.js`);
  const progress = display(['kafka', 'registry', 'chain', 'postgres', 'ipfs']);
  stack = await start({ folder: runFolder(), progress, containers: startInTestcontainers });
}

async function suites() {
  const report = join(stack.folder, 'jest.json');
  const env = {
    ...process.env,
    ...stack.env,
    DDC_STACK_FOLDER: stack.folder,
    NODE_OPTIONS: '--experimental-vm-modules --no-warnings',
  };
  const jest = ['node_modules/jest/bin/jest.js', '--maxWorkers=2', '--json', `--outputFile=${report}`];
  await run([...jest, ...jestArguments], { env, stdio: ['ignore', 'ignore', 2] });
  if (!existsSync(report)) {
    total.failed += 1;
    say('jest', 'ended without a report');
    return;
  }
  const result = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(report);
  total.passed += result.numPassedTests;
  // A suite that cannot even be loaded has no tests to count.
  total.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  total.skipped += result.numPendingTests + result.numTodoTests;
  if (result.numTotalTests === 0) {
    total.failed += 1;
    say('jest', 'found no test');
  }
}

async function end() {
  if (ending) return;
  ending = true;
  for (const child of children) child.kill('SIGTERM');
  await stack?.stop();
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // Before the stack is up its watchdog ends what was started.
  process.on(signal, () => end().finally(() => process.exit(130)));
}

try {
  const native = process.env.DDC_STACK !== 'compose' && !(await engineAnswers());
  // Needed by the suites only: fetched while everything else goes on. A suite that does not find what it needs says so itself.
  const fetched = Promise.allSettled(
    [prepareChromium, prepareOtherNode, prepareSchemathesis, prepareSqlglot, prepareVersitygw, prepareOpenSearch].map(
      (prepare) => prepare(say),
    ),
  );
  await Promise.all([install(say, { withTools: true }), native ? prepareAll() : undefined]);
  await startStack();
  await check('types', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json']);
  await check('unused', ['node_modules/knip/bin/knip.js']);
  await check('style', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']);
  await fetched;
  await suites();
} catch (error) {
  total.failed += 1;
  process.stderr.write(`${error.stack ?? error}\n`);
} finally {
  await end().catch((error) => {
    total.failed += 1;
    process.stderr.write(`${error.stack ?? error}\n`);
  });
}
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
