import { Command } from 'commander';
import type { PartName } from '../stack/part.ts';
import { PARTS } from '../stack/parts.ts';
import { display } from '../stack/progress.ts';
import { type Stack, startStack } from '../stack/stack.ts';
import { UsageError } from './crypto/outcome.ts';
import { runFolder } from './run-folder.ts';
import { onSignal } from './until-signal.ts';

interface StackCommandOptions {
  readonly only?: string;
  readonly folder?: string;
  readonly json?: boolean;
}

function partNames(only: string | undefined): PartName[] {
  const known = PARTS.map((part) => part.name);
  const asked = only?.split(',').map((name) => name.trim()) ?? known;
  for (const name of asked) {
    if (!known.some((part) => part === name))
      throw new UsageError(`There is no part ${name}; the parts are ${known.join(', ')}.`);
  }
  return known.filter((name) => asked.includes(name));
}

/** Brings up the parts, prints their variables on stdout, stays up until a signal. */
async function run(options: StackCommandOptions): Promise<void> {
  const names = partNames(options.only);
  let stack: Stack | undefined;
  // While it starts there is nothing to stop in order: this process ends, and its watchdog ends the rest.
  const { stopped } = onSignal(async () => (stack ? stack.stop() : process.exit(130)));
  stack = await startStack({ parts: names, folder: runFolder(options.folder), progress: display(names) });
  const lines = Object.entries(stack.env).map(([name, value]) => `export ${name}=${value}`);
  process.stdout.write(options.json ? `${JSON.stringify(stack.env)}\n` : `${lines.join('\n')}\n`);
  // Given parts and containers would not keep this process alive.
  const hold = setInterval(() => undefined, 60_000);
  await stopped;
  clearInterval(hold);
}

export const command = (): Command =>
  new Command('stack')
    .description('bring up Kafka, the registry, PostgreSQL, IPFS and the chain, and print their variables')
    .option('--only <parts>', 'comma list of kafka, registry, postgres, ipfs, chain')
    .option('--folder <path>', 'where state and logs go (default: a new folder under .ddc/)')
    .option('--json', 'print the variables as JSON')
    .action(run);
