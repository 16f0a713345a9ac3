import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

function script(): string {
  const beside = fileURLToPath(new URL('../ddc.mjs', import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../../cli/ddc.mjs', import.meta.url));
}

/** Runs a `ddc` command to its end in a process of its own, as an operator would. @returns its stdout */
export async function runDdc(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const result = promisify(execFile)(process.execPath, [script(), ...args], { env: { ...process.env, ...env } });
  return result.then(
    ({ stdout }) => stdout,
    (error: { stdout?: string; stderr?: string }) => {
      throw new Error(`ddc ${args.join(' ')} failed:\n${error.stderr || error.stdout || String(error)}`);
    },
  );
}
