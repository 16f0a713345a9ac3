import { fromHex, toHex } from '../../../protocol/index.ts';
import type { Apps } from '../ports/apps.ts';
import {
  type DeclaredBy,
  type DeclaredExport,
  type ExportDeclaration,
  ExportRefused,
  type Exports,
} from '../ports/exports.ts';
import type { Position } from '../ports/positions.ts';
import { SECRET_NAME, secretsIn } from '../secret-references.ts';
import { type MembersOf, placeOf } from './members.ts';
import { BadDeclaration, type DeclarationProblem } from './problem.ts';
import { refusalOf } from './room-for.ts';
import { type DeclarationInput, readDeclaration } from './shape.ts';
import { StartTrimmed } from './start.ts';

/** What a sink says of a configuration, references to secrets still in it. */
export type JudgeSink = (
  sink: string,
  config: Readonly<Record<string, unknown>>,
) => Promise<readonly DeclarationProblem[]> | readonly DeclarationProblem[];

export interface DeclareEdges {
  readonly apps: { find(app: Uint8Array): ReturnType<Apps['find']> };
  readonly exports: Pick<Exports, 'list' | 'add'>;
  readonly judgeSink: JudgeSink;
  readonly membersOf: MembersOf;
  /** @throws StartTrimmed */
  readonly startsOf: (from: ExportDeclaration['from']) => Promise<Position[]>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** What whoever declares may not, beside what nobody may. */
  readonly bounds?: (said: Partial<DeclarationInput>) => Promise<readonly DeclarationProblem[]>;
}

/**
 * Judges a declaration as a whole.
 * @param app hex
 * @throws BadDeclaration with everything that is wrong with it
 */
export async function judgeDeclaration(
  edges: DeclareEdges,
  app: string,
  input: unknown,
  by: DeclaredBy,
): Promise<ExportDeclaration> {
  const { said, problems: form } = readDeclaration(input);
  const others = await edges.exports.list();
  const problems = [
    ...form,
    ...(await judgeApp(edges, app)),
    ...judgeRoom(others, said.name, { by, app }),
    ...(await judgePlace(edges, others, said, { by, app })),
    ...(said.sink === undefined ? [] : await edges.judgeSink(said.sink, said.config ?? {})),
    ...judgeSecrets(said.config),
    ...((await edges.bounds?.(said)) ?? []),
  ];
  const starts = await judgeStart(edges, said.from, problems);
  if (problems.length > 0) throw new BadDeclaration(problems);
  const { types, ...rest } = said as DeclarationInput;
  return { ...rest, types: types ?? null, app: fromHex(app, 32), starts, by };
}

/** Judges a declaration and keeps it. @throws BadDeclaration */
export async function declareExport(
  edges: DeclareEdges,
  declaration: ExportDeclaration,
  state: 'running' | 'paused',
): Promise<DeclaredExport> {
  try {
    return await edges.exports.add(declaration, state);
  } catch (error) {
    // Somebody was faster.
    if (!(error instanceof ExportRefused)) throw error;
    throw new BadDeclaration([problemOf(error)]);
  }
}

async function judgeApp({ apps }: DeclareEdges, app: string): Promise<DeclarationProblem[]> {
  if (await apps.find(fromHex(app, 32))) return [];
  return [{ code: 'unknown_app', path: 'app', message: `${app} is not registered: see \`ddc apps list\`` }];
}

function judgeRoom(
  others: readonly DeclaredExport[],
  name: string | undefined,
  { by, app }: { readonly by: DeclaredBy; readonly app: string },
): DeclarationProblem[] {
  const refusal = refusalOf(others, { name: name ?? '', by, app: fromHex(app, 32) });
  return refusal ? [problemOf(refusal)] : [];
}

const problemOf = ({ code, message }: ExportRefused): DeclarationProblem => ({
  code,
  path: code === 'name_taken' ? 'name' : '',
  message,
});

/** As early as it can be told; what is not seen here the target refuses (`another_export`). */
async function judgePlace(
  { membersOf }: DeclareEdges,
  others: readonly DeclaredExport[],
  { name, sink, config = {} }: Partial<DeclarationInput>,
  of: { readonly by: DeclaredBy; readonly app: string },
): Promise<DeclarationProblem[]> {
  const members = sink === undefined ? null : await membersOf(sink);
  const place = members && placeOf(members, config, of);
  if (!members || place === null) return [];
  const there = others.find(
    (one) =>
      one.sink === sink &&
      one.name !== name &&
      placeOf(members, one.config, { by: one.by, app: toHex(one.app) }) === place,
  );
  if (!there) return [];
  // What others have declared is not theirs to know of.
  const isSeen = of.by === 'operator' || (there.by === of.by && toHex(there.app) === of.app);
  const message = `${isSeen ? `export ${there.name}` : 'another export'} has this target, and each would take the rows of the other for delivered: give this one its own`;
  return [{ code: 'another_export', path: 'config', message }];
}

/** References to secrets that are none. */
export function judgeSecrets(config: unknown): DeclarationProblem[] {
  return secretsIn(config, ['config'])
    .filter(({ name }) => !SECRET_NAME.test(name))
    .map(({ path, name }) => ({
      code: 'secret_name',
      path: path.join('.'),
      message: `${JSON.stringify(name)} is no name of a secret: letters, digits, _, . and -, at most 64`,
    }));
}

async function judgeStart(
  { startsOf, now }: DeclareEdges,
  from: ExportDeclaration['from'] | undefined,
  problems: DeclarationProblem[],
): Promise<Position[]> {
  if (from === undefined) return [];
  if (typeof from === 'number' && from > now()) {
    problems.push({ code: 'start_ahead', path: 'from', message: 'lies in the future: say `now`' });
    return [];
  }
  try {
    return await startsOf(from);
  } catch (error) {
    if (!(error instanceof StartTrimmed)) throw error;
    problems.push({ code: error.code, path: 'from', message: error.message });
    return [];
  }
}
