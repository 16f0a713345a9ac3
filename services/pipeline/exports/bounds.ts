import { isAbsolute, join, normalize, sep } from 'node:path';
import type { DeclaredBy } from '../ports/exports.ts';
import { secretsOf } from '../ports/secrets.ts';
import { type MembersOf, memberOf } from './members.ts';
import type { DeclarationProblem } from './problem.ts';
import type { DeclarationInput } from './shape.ts';

/** What the operator lets others than itself declare. */
export interface ExportBounds {
  /** Names of sinks. */
  readonly sinks: readonly string[];
  /** Below it each app and partner has a folder, called as its key in hex. Empty: none. */
  readonly folder: string;
}

export interface BoundsEdges {
  readonly bounds: ExportBounds;
  readonly membersOf: MembersOf;
}

/**
 * What is wrong with a declaration of an app or a partner beside what would be wrong with anybody's. Every member that the sink has not set free is
 * looked at: a path of this machine, or its role in a cloud, is not theirs to use.
 */
export async function outOfBounds(
  { bounds: { sinks, folder }, membersOf }: BoundsEdges,
  of: { readonly by: DeclaredBy; readonly app: string },
  { sink, config = {} }: Pick<Partial<DeclarationInput>, 'sink' | 'config'>,
): Promise<DeclarationProblem[]> {
  if (sink === undefined) return [];
  const problems: DeclarationProblem[] = [];
  const tell = (code: DeclarationProblem['code'], path: string, message: string) =>
    problems.push({ code, path, message });
  if (!sinks.includes(sink)) {
    const allowed = sinks.length === 0 ? 'it allows none' : `it allows ${sinks.join(', ')}`;
    tell('sink_not_allowed', 'sink', `the operator does not allow ${sink} here: ${allowed}`);
  }
  const members = await membersOf(sink);
  // Judged elsewhere: there is no such sink.
  if (members === null) return problems;
  const own = join(folder, secretsOf(of));
  for (const [name, value] of Object.entries(config)) {
    const [member, path] = [memberOf(members, name), `config.${name}`];
    if (member === 'operator')
      tell(
        'operator_only',
        path,
        `is for the operator alone to say, who declares with \`ddc exports add\`: leave it out`,
      );
    // Also what stands behind the name of a secret: it is not seen here.
    else if (member === 'folder' && folder === '')
      tell('folder_not_allowed', path, 'the operator gives no folder to exports that are declared here');
    else if (member === 'folder' && !isWithin(own, value))
      tell('folder_not_allowed', path, `must lie within ${own}, and be said as it is`);
  }
  for (const name of Object.keys(members))
    if (memberOf(members, name) === 'credential' && (config[name] ?? null) === null)
      tell('credential_missing', `config.${name}`, 'has to be there: nobody else writes with what this machine may');
  return problems;
}

const isWithin = (folder: string, path: unknown): boolean =>
  typeof path === 'string' && isAbsolute(path) && `${normalize(path)}${sep}`.startsWith(`${normalize(folder)}${sep}`);
