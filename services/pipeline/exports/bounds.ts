import { isAbsolute, join, normalize, sep } from 'node:path';
import type { DeclaredBy } from '../ports/exports.ts';
import { secretsOf } from '../ports/secrets.ts';
import type { DeclarationProblem } from './problem.ts';
import type { DeclarationInput } from './shape.ts';

/** What the operator lets others than itself declare. */
export interface ExportBounds {
  /** Names of sinks. */
  readonly sinks: readonly string[];
  /** Below it each app and partner has a folder, called as its key in hex. Empty: none. */
  readonly folder: string;
}

/** What is wrong with a declaration of an app or a partner beside what would be wrong with anybody's. */
export function outOfBounds(
  { sinks, folder }: ExportBounds,
  of: { readonly by: DeclaredBy; readonly app: string },
  { sink, config = {} }: Partial<DeclarationInput>,
): DeclarationProblem[] {
  const problems: DeclarationProblem[] = [];
  if (sink !== undefined && !sinks.includes(sink)) {
    const allowed = sinks.length === 0 ? 'it allows none' : `it allows ${sinks.join(', ')}`;
    problems.push({
      code: 'sink_not_allowed',
      path: 'sink',
      message: `the operator does not allow ${sink} here: ${allowed}`,
    });
  }
  const own = join(folder, secretsOf(of));
  const given = config.folder;
  if (typeof given !== 'string' || (folder !== '' && isAbsolute(given) && isWithin(own, given))) return problems;
  const message =
    folder === '' ? 'the operator gives no folder to exports that are declared here' : `must lie within ${own}`;
  problems.push({ code: 'folder_not_allowed', path: 'config.folder', message });
  return problems;
}

const isWithin = (folder: string, path: string): boolean =>
  `${normalize(path)}${sep}`.startsWith(`${normalize(folder)}${sep}`);
