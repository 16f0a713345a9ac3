import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { Command } from 'commander';
import { ProtocolError, ready } from '../protocol/index.ts';
import { type Input, OPERATIONS, REFUSED } from './vector-operations.ts';

/** One vector: what an operation must answer, or that it must refuse. */
export interface Case {
  id: string;
  op: string;
  valid: boolean;
  why?: string;
  in: Input;
  out?: Input;
  /** The check that fails, in a negative case; any refusal is right. */
  error?: string;
}

export type Verdict = { id: string; passed: true; code?: string } | { id: string; passed: false; reason: string };

/** `{repeat, times}` stands for a text. */
function expand(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expand);
  if (typeof value !== 'object' || value === null) return value;
  const { repeat, times } = value as { repeat?: unknown; times?: unknown };
  if (typeof repeat === 'string' && typeof times === 'number') return repeat.repeat(times);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expand(member)]));
}

function difference(actual: Input, expected: Input): string | null {
  for (const [name, value] of Object.entries(expected)) {
    if (!isDeepStrictEqual(JSON.parse(JSON.stringify(actual[name] ?? null)), expand(value)))
      return `out.${name} differs`;
  }
  return null;
}

/** Runs one case. An operation that this implementation does not know fails: nothing is skipped. */
export function runCase({ id, op, valid, in: input, out }: Case): Verdict {
  const operation = Object.hasOwn(OPERATIONS, op) ? OPERATIONS[op] : undefined;
  if (operation === undefined) return { id, passed: false, reason: `unknown operation ${op}` };
  try {
    const actual = operation(expand(input) as Input);
    if (actual === REFUSED) return valid ? { id, passed: false, reason: 'refused' } : { id, passed: true };
    if (!valid) return { id, passed: false, reason: 'accepted' };
    if (out === undefined) return { id, passed: false, reason: 'the case expects nothing' };
    const reason = difference(actual, out);
    return reason === null ? { id, passed: true } : { id, passed: false, reason };
  } catch (error) {
    if (!(error instanceof ProtocolError)) return { id, passed: false, reason: `not a refusal: ${String(error)}` };
    return valid ? { id, passed: false, reason: error.message } : { id, passed: true, code: error.code };
  }
}

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
    const cases = await readCases(file).catch((error: unknown) => fail(file, String(error)));
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
