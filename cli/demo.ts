import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { PARTS } from '../stack/parts.ts';
import { display } from '../stack/progress.ts';
import { UsageError } from './crypto/outcome.ts';
import type { DemoOptions } from './demo/demo.ts';
import { parseInteractions } from './demo/interactions.ts';
import { runFolder } from './run-folder.ts';
import { deploymentOf } from './sandbox/deployment.ts';
import { type Sandbox, startSandbox } from './sandbox/sandbox.ts';
import { onSignal } from './until-signal.ts';
import { wholeNumber } from './whole-number.ts';

const say = (message: string): void => void process.stderr.write(`${message}\n`);

function readEvents(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`--events ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** A sandbox for one demo: up, the events through every stage, down. Exit code 0 only when every number agrees. */
async function run(options: DemoOptions & { readonly folder?: string }): Promise<void> {
  // A malformed file is refused before anything is started.
  if (options.events) parseInteractions(readEvents(options.events));
  const { demo } = await import('./demo/demo.ts');
  let sandbox: Sandbox | undefined;
  const ending = onSignal(async () => (sandbox ? sandbox.stop().then(() => process.exit(130)) : process.exit(130)));
  const progress = display(PARTS.map((part) => part.name));
  sandbox = await startSandbox({ folder: runFolder(options.folder), sampleSchema: !options.events, progress, say });
  try {
    const { report, complete } = await demo(deploymentOf(sandbox), options);
    process.exitCode = complete ? 0 : 1;
    await sandbox.stop();
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${summary(report)}\n`);
  } finally {
    await sandbox.stop();
    ending.forget();
  }
}

const summary = (report: object): string =>
  Object.entries(report)
    .map(([name, value]) => `  ${name.padEnd(12)} ${value}`)
    .join('\n');

export const command = (): Command =>
  new Command('demo')
    .description('send events through a sandbox of their own, print a journey and the count at every store, and exit')
    .option('--events <file>', 'NDJSON of events (default: the sample)')
    .option('--limit <n>', 'only the first n events', wholeNumber(1))
    .option('--json', 'last line of stdout is the report as JSON')
    .option('--folder <path>', 'where state and logs go (default: a new folder under .ddc/)')
    .action(run);
