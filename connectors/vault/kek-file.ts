import { readFile } from 'node:fs/promises';
import { fromHex } from '../../protocol/index.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import { SecretBytes } from './secret-bytes.ts';

export interface Kek {
  readonly version: number;
  readonly key: SecretBytes;
}

/** The key-encryption keys of a deployment. New roots are wrapped with the current one, old ones open with theirs. */
export interface Keks {
  readonly current: Kek;
  /** @throws FatalError `kek_missing` when the file has no key of this version. */
  version(version: number): Kek;
}

const LINE = /^(\d{1,10})[ \t]+([0-9a-f]{64})$/;
const MAX_VERSION = 0xffffffff;

/**
 * Parses lines `<version> <64 lower-case hex>`; blank lines and lines that start with `#` are skipped. The highest version
 * is the current one.
 * @throws FatalError `kek_file` naming every wrong line, never its content.
 */
export function parseKeks(text: string): Keks {
  const keks = new Map<number, Kek>();
  const problems: string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, version = '', key = ''] = LINE.exec(line) ?? [];
    const number = Number(version);
    if (key === '') problems.push(`line ${index + 1} is not "<version> <64 lower-case hex digits>"`);
    else if (number < 1 || number > MAX_VERSION) problems.push(`line ${index + 1}: a version is 1 to ${MAX_VERSION}`);
    else if (keks.has(number)) problems.push(`line ${index + 1}: version ${number} stands twice`);
    else keks.set(number, { version: number, key: SecretBytes.of32(fromHex(key, 32)) });
  }
  if (problems.length === 0 && keks.size === 0) problems.push('no key: write a line "1 <64 lower-case hex digits>"');
  const current = keks.get(Math.max(...keks.keys()));
  if (problems.length > 0 || !current)
    throw new FatalError('kek_file', `The KEK file is wrong: ${problems.join('; ')}.`);
  return {
    current,
    version(version) {
      const kek = keks.get(version);
      if (kek) return kek;
      throw new FatalError(
        'kek_missing',
        `A root is wrapped with KEK ${version}, which is not in the KEK file: add its line.`,
      );
    },
  };
}

/** Reads and parses the file that `DDC_KEK_FILE` names. @throws FatalError `kek_file`. */
export async function readKekFile(path: string): Promise<Keks> {
  try {
    return parseKeks(await readFile(path, 'utf8'));
  } catch (cause) {
    if (cause instanceof FatalError) throw cause;
    throw new FatalError('kek_file', `The KEK file ${path} cannot be read: set DDC_KEK_FILE to it.`, { cause });
  }
}
