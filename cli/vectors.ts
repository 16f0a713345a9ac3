import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { ready } from '../protocol/index.ts';
import { type Case, runCase } from './run-case.ts';

/** The cases of a file. @throws an Error when it has not the structure of one. */
export async function readCases(file: string): Promise<Case[]> {
  const { cases } = JSON.parse(await readFile(file, 'utf8')) as { cases?: unknown };
  if (!Array.isArray(cases) || cases.length === 0) throw new Error(`${file} has no cases`);
  for (const [i, vector] of cases.entries()) {
    const { id, op, in: input } = (vector ?? {}) as Partial<Case>;
    if (typeof id !== 'string' || typeof op !== 'string' || typeof input !== 'object' || input === null) {
      throw new Error(`${file}: case ${i} lacks id, op or in`);
    }
  }
  return cases as Case[];
}

/** Runs files of vectors, prints every failure and at the end `N passed, N failed`. @returns the exit code. */
export async function vectors(files: readonly string[]): Promise<number> {
  await ready();
  let passed = 0;
  let failed = 0;
  const fail = (where: string, reason: string) => {
    failed += 1;
    process.stdout.write(`FAILED ${where}: ${reason}\n`);
  };
  for (const file of files) {
    const cases = await readCases(file).catch((error: Error) =>
      fail(file, `cannot be read as vectors: ${error.message}`),
    );
    for (const vector of cases ?? []) {
      const verdict = runCase(vector);
      if (verdict.passed) passed += 1;
      else fail(`${file} ${verdict.id}`, `${verdict.reason} (${vector.why ?? ''})`);
    }
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** `ddc vectors FILE…`. */
export function command(): Command {
  return new Command('vectors')
    .summary('run test vectors of the protocol')
    .argument('<files...>', 'files with the structure of test/vectors/protocol-v1.json')
    .action(async (files: string[]) => {
      process.exitCode = await vectors(files);
    });
}
