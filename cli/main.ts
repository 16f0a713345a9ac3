import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { root } from '../stack/root.mjs';
import { COMMANDS } from './commands.ts';
import { blame, strict, UsageError } from './crypto/outcome.ts';

/** Runs `ddc` with the arguments after its name. */
async function main(args: readonly string[]): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const program = new Command('ddc')
    .description('Cere Decentralized Data Cloud')
    .version(version)
    .enablePositionalOptions()
    .addHelpText(
      'afterAll',
      '\nExit codes: 0 done; 1 refused or failed, or what it found is bad; 2 asked wrongly: arguments, variables, a file that cannot be read.',
    );
  const asked = COMMANDS.find((entry) => entry.name === args.find((arg) => !arg.startsWith('-')));
  for (const entry of COMMANDS) {
    program.addCommand(
      entry === asked ? (await entry.load()).command() : new Command(entry.name).summary(entry.summary),
    );
  }
  await strict(program).parseAsync(args, { from: 'user' });
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) blame(error);
  else {
    process.stderr.write(
      `ddc: ${error instanceof Error ? (process.env.DDC_DEBUG ? error.stack : error.message) : error}\n`,
    );
    process.exitCode = 1;
  }
}
