import { isDeepStrictEqual } from 'node:util';
import type { EventSchema } from './kind.ts';
import { Problems, type SchemaProblem } from './problems.ts';

/**
 * What keeps a schema from following another: columns stay, with their types, and those that come are optional. Stricter than what Avro calls
 * compatible: there a field may go, and a record inside may grow, which tables that exist already do not take.
 */
export function evolutionProblems(before: EventSchema, after: EventSchema): readonly SchemaProblem[] {
  const problems = new Problems();
  const now = new Map(after.fields.map((field) => [field.name, field]));
  for (const field of before.fields) {
    const { name, kind, nullable } = field;
    const same = now.get(name);
    if (!same) problems.add('changed', name, `${name} is gone`);
    else if (!isDeepStrictEqual([same.kind, same.nullable], [kind, nullable]))
      problems.add('changed', name, `${name} has another type`);
  }
  const known = new Set(before.fields.map(({ name }) => name));
  for (const { name, nullable } of after.fields)
    if (!known.has(name) && !nullable) problems.add('added_required', name, `${name} is new`);
  return problems.list;
}
