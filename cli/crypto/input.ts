import { readFileSync, writeFileSync } from 'node:fs';
import { Refusal, UsageError } from './outcome.ts';

/** More than any body, and than any document that was ever encrypted as one. */
const MOST = 64 * 1024 * 1024;

/** All of standard input. @throws Refusal `input_too_large` */
export async function readInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    length += (chunk as Buffer).length;
    if (length > MOST) throw new Refusal('input_too_large', `Standard input is longer than ${MOST} bytes.`);
    chunks.push(chunk as Buffer);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

const systemCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unreadable';

/** @throws UsageError when it cannot be read */
export function readFile(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new UsageError(`${path} cannot be read (${systemCode(error)}).`);
  }
}

/** Writes a secret that only this user may read, and never over another. @throws UsageError */
export function writeSecretFile(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw new UsageError(`${path} cannot be made (${systemCode(error)}); secrets are never written over another file.`);
  }
}

/** JSON of untrusted text; the messages of `JSON.parse` would quote it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
