import type { Command } from 'commander';
import { ProtocolError } from '../../protocol/errors.ts';

/** The command line, the environment or a file that is named is wrong: exit code 2. Never carries what a file holds. */
export class UsageError extends Error {}

/** What was asked for is refused: exit code 1, with a stable code. */
export class Refusal extends Error {
  readonly code: string;
  /** With `--json`: everything that is wrong, where it is more than one thing. */
  readonly problems: readonly object[] | undefined;
  constructor(code: string, message: string, problems?: readonly object[]) {
    super(message);
    this.code = code;
    this.problems = problems;
  }
}

/** What a command gives. */
export interface Outcome {
  /** For people and pipes, exactly as it is written. */
  readonly text: string | Uint8Array;
  /** With `--json`, the one line on stdout. */
  readonly json: object;
  /** One line each on stderr. */
  readonly warnings?: readonly string[];
  /** It was done, and what it shows is bad: exit code 1. */
  readonly bad?: boolean;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Resolves once stdout has it. @throws UsageError when nobody takes it: a full disk, a reader that is gone */
const print = (output: string | Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    const fail = ({ code }: NodeJS.ErrnoException) =>
      reject(new UsageError(`standard output cannot be written (${code}).`));
    process.stdout.once('error', fail);
    process.stdout.write(output, (error) => {
      if (error) return;
      process.stdout.off('error', fail);
      resolve();
    });
  });

/** Says what whoever asked did wrong. */
export function blame({ message }: UsageError): void {
  say(`error: ${message}`);
  process.exitCode = 2;
}

/** Runs a command to its exit code: 0, 1 when it refuses, 2 when it was asked wrongly. Bugs go on to the caller. */
export async function settle(json: boolean, run: () => Promise<Outcome>): Promise<void> {
  try {
    await print(await told(json, run));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    blame(error);
  }
}

/** What goes to stdout; the rest is said on stderr. */
async function told(json: boolean, run: () => Promise<Outcome>): Promise<string | Uint8Array> {
  try {
    const outcome = await run();
    for (const warning of outcome.warnings ?? []) say(`warning: ${warning}`);
    if (outcome.bad) process.exitCode = 1;
    return json ? `${JSON.stringify(outcome.json)}\n` : outcome.text;
  } catch (error) {
    if (!(error instanceof ProtocolError || error instanceof Refusal)) throw error;
    const { code, message } = error;
    const problems = error instanceof Refusal ? error.problems : undefined;
    say(`refused: ${code}: ${message}`);
    process.exitCode = 1;
    return json ? `${JSON.stringify({ refused: { code, message, problems } })}\n` : '';
  }
}

/** Commander repeats what it does not understand. That may be a secret which somebody gave as an argument. */
const discreet = (message: string): string =>
  message
    .replace(/unknown option '(--[\w-]+|-).*'/s, "unknown option '$1'")
    .replace(/unknown command '.*'/s, 'unknown command')
    .replace(/argument '.*' is invalid/s, 'argument is invalid');

/** What commander finds wrong with the arguments of a command, or of one below it, is exit code 2, too. */
export function strict(command: Command): Command {
  for (const below of command.commands) strict(below);
  return command
    .configureOutput({ outputError: (message, write) => write(discreet(message)) })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}
