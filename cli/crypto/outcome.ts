import type { Command } from 'commander';
import { ProtocolError } from '../../protocol/index.ts';

/** The command line or a file it names is wrong: exit code 2. Never carries what a file holds. */
export class UsageError extends Error {}

/** What was asked for is refused: exit code 1, with a stable code. */
export class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
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

/** Runs a command to its exit code: 0, 1 when it refuses, 2 when it was asked wrongly. Bugs go on to the caller. */
export async function settle(json: boolean, run: () => Promise<Outcome>): Promise<void> {
  try {
    await print(await told(json, run));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`error: ${error.message}`);
    process.exitCode = 2;
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
    say(`refused: ${code}: ${message}`);
    process.exitCode = 1;
    return json ? `${JSON.stringify({ refused: { code, message } })}\n` : '';
  }
}

/** Commander repeats what it does not understand. That may be a secret which somebody gave as an argument. */
const discreet = (message: string): string =>
  message
    .replace(/unknown option '(--[\w-]+|-).*'/s, "unknown option '$1'")
    .replace(/unknown command '.*'/s, 'unknown command')
    .replace(/argument '.*' is invalid/s, 'argument is invalid');

/** What commander finds wrong with the arguments is exit code 2, too. */
export const strict = (command: Command): Command =>
  command
    .configureOutput({ outputError: (message, write) => write(discreet(message)) })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
