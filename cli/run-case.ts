import { isDeepStrictEqual } from 'node:util';
import { ProtocolError } from '../protocol/index.ts';
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
export function expand(value: unknown): unknown {
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
