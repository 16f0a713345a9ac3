import { readFileSync, writeFileSync } from 'node:fs';
import { fromUtf8, ProtocolError } from '../../protocol/index.ts';
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

/** As `readInput`, where nothing is no input. @throws Refusal `input_empty` */
export async function readWanted(): Promise<Uint8Array> {
  const input = await readInput();
  if (input.length === 0) throw new Refusal('input_empty', 'Standard input is empty.');
  return input;
}

const systemCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unreadable';

/**
 * @param option that names the file. Messages name it instead of the file: some give the secret itself there.
 * @throws UsageError when it cannot be read
 */
export function readFile(path: string, option: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new UsageError(`The file of ${option} cannot be read (${systemCode(error)}).`);
  }
}

/** @throws UsageError when it cannot be read or is not text */
export function readText(path: string, option: string): string {
  try {
    return fromUtf8(readFile(path, option));
  } catch (error) {
    if (error instanceof ProtocolError) throw new UsageError(`The file of ${option} is not text in UTF-8.`);
    throw error;
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
