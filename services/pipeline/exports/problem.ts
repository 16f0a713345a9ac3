/** One thing that is wrong with a declaration. */
export interface DeclarationProblem {
  readonly code: DeclarationProblemCode;
  /** Member of the declaration, such as `config.folder`; empty: the whole. */
  readonly path: string;
  /** What is wrong, and what would be right. */
  readonly message: string;
}

/** Every code that a declaration may be refused with. */
export const DECLARATION_PROBLEMS = {
  missing: 'A member that has to be there is not.',
  unknown_member: 'There is no such member.',
  invalid: 'The member is not of the form that is described.',
  name_taken: 'There is an export of this name; it may be one of another app.',
  another_export: 'Another export has this target: each would take the rows of the other for delivered.',
  too_many_exports: 'The deployment has as many exports as it takes.',
  too_many_of_one: 'The app has declared, or the partner attached, as many exports as one of them may.',
  too_many_attached: 'Partners have attached as many exports as all of them together may.',
  unknown_app: 'The app is not registered here.',
  unknown_sink: 'There is no sink of this name.',
  sink_config: "The sink does not take this configuration: see the sink's own list of fields.",
  secret_name: 'What is referred to as a secret is no name of one.',
  secret_in_clear: 'A secret stands in the declaration itself, where it would be stored and shown.',
  start_ahead: 'The export would start in the future.',
  start_trimmed: 'The log does not reach back so far any more.',
  sink_not_allowed: 'The operator does not let apps declare exports to this sink.',
  folder_not_allowed: "The folder is not within the one that the operator gave to the app's exports.",
  operator_only: 'The member is of the machine that exports, such as a path: the operator alone says it.',
  credential_missing:
    "Whoever is not the operator says with which keys the sink writes: those of the machine are the operator's.",
  scope_not_offered: 'The app does not offer this scope to partners.',
  type_not_offered: 'The app does not offer this event type to partners.',
  unknown_export: 'There is no such export of this app.',
  export_running: 'An export that is replayed into does not run meanwhile: pause it.',
  of_the_export: 'The export settles it: its target holds what it exports.',
  time_range: 'The time ends before it begins.',
  too_many_replays: 'So many replays of the app wait or run already.',
} as const;
export type DeclarationProblemCode = keyof typeof DECLARATION_PROBLEMS;

/** Everything that is wrong with a declaration, together. */
export class BadDeclaration extends Error {
  readonly code = 'bad_declaration';
  readonly problems: readonly DeclarationProblem[];
  constructor(problems: readonly DeclarationProblem[], what = 'The export was not declared') {
    const lines = problems.map(({ code, path, message }) => `- ${path === '' ? '' : `${path}: `}${message} (${code})`);
    super(`${what}:\n${lines.join('\n')}`);
    this.name = 'BadDeclaration';
    this.problems = problems;
  }
}
