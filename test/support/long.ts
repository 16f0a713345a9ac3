import { runFolder } from '../../cli/run-folder.ts';
import { onSignal } from '../../cli/until-signal.ts';
import { PARTS } from '../../stack/parts.ts';
import { display } from '../../stack/progress.ts';
import { type Stack, startStack } from '../../stack/stack.ts';
import { startInTestcontainers } from './containers.ts';

/** What a long test gets: a stack of its own, whose parts it may kill and restart. */
export interface LongContext {
  readonly stack: Stack;
  /** After the test's name on the command line. */
  readonly args: readonly string[];
}

/** The default export of `test/long/<name>.ts`. Throws when it fails; prints its figures. */
export type LongTest = (context: LongContext) => Promise<void>;

/** Runs a long test with a fresh stack, and stops the stack whatever happens. */
export async function runLong(test: LongTest, args: readonly string[]): Promise<void> {
  let stack: Stack | undefined;
  // Before the stack is up its watchdog ends what was started.
  const ending = onSignal(async () => {
    await stack?.stop();
    process.exit(130);
  });
  const progress = display(PARTS.map((part) => part.name));
  stack = await startStack({ folder: runFolder(), progress, containers: startInTestcontainers });
  try {
    await test({ stack, args });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
  } finally {
    await stack.stop();
    ending.forget();
  }
}
