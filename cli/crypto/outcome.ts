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
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Runs a command to its exit code: 0, 1 when it refuses, 2 when it was asked wrongly. Bugs go on to the caller. */
export async function settle(json: boolean, run: () => Promise<Outcome>): Promise<void> {
  try {
    const outcome = await run();
    for (const warning of outcome.warnings ?? []) say(`warning: ${warning}`);
    process.stdout.write(json ? `${JSON.stringify(outcome.json)}\n` : outcome.text);
  } catch (error) {
    if (error instanceof UsageError) {
      say(`error: ${error.message}`);
      process.exitCode = 2;
      return;
    }
    if (!(error instanceof ProtocolError || error instanceof Refusal)) throw error;
    const { code, message } = error;
    say(`refused: ${code}: ${message}`);
    if (json) process.stdout.write(`${JSON.stringify({ refused: { code, message } })}\n`);
    process.exitCode = 1;
  }
}

/** What commander finds wrong with the arguments is exit code 2, too. */
export const strict = (command: Command): Command =>
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
