import { fromHex, toHex } from '../../protocol/index.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { Kek, Keks } from '../../services/pipeline/ports/kms.ts';
import { SecretBytes } from '../vault/secret-bytes.ts';

/** Keys by version, as a file or a variable lists them. */
export type KekList = ReadonlyMap<number, Kek>;

const LINE = /^(\d{1,10})[ \t]+([0-9a-f]{64})$/;
const MAX_VERSION = 0xffffffff;

/**
 * Parses lines `<version> <64 lower-case hex>`; blank lines and lines that start with `#` are skipped. The highest version
 * is the current one.
 * @throws FatalError `kek_file` naming every wrong line, never its content.
 */
export function parseKekList(text: string): KekList {
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
  if (problems.length > 0) throw new FatalError('kek_file', `The KEK list is wrong: ${problems.join('; ')}.`);
  return keks;
}

/** The list as text, lowest version first. */
export const formatKekList = (keks: KekList): string =>
  [...keks.values()]
    .sort((a, b) => a.version - b.version)
    .map(({ version, key }) => `${version} ${toHex(key)}\n`)
    .join('');

export function currentOf(keks: KekList): Kek {
  const current = keks.get(Math.max(...keks.keys()));
  if (!current) throw new FatalError('kek_missing', 'There is no KEK at all.');
  return current;
}

export function missingKek(version: number): FatalError {
  return new FatalError(
    'kek_missing',
    `A root is wrapped with KEK ${version}, which is not there: bring its line back.`,
  );
}

/** Keys that do not change. @throws FatalError `kek_file` */
export function parseKeks(text: string): Keks {
  const keks = parseKekList(text);
  return {
    current: async () => currentOf(keks),
    async version(version) {
      const kek = keks.get(version);
      if (!kek) throw missingKek(version);
      return kek;
    },
  };
}
