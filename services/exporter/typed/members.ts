import { isDeepStrictEqual } from 'node:util';
import { parseExact } from '../../pipeline/exact-json.ts';
import { isObject } from './map-value.ts';
import { Unfit } from './unfit.ts';

export type Members = Readonly<Record<string, unknown>>;

/** The fields of an event over all the scopes that were read. */
export interface EventMembers {
  readonly all: Members;
  /** Whether that scope has the field. */
  in(scope: string, name: string): boolean;
}

function parseScope(scope: string, text: string): Members {
  try {
    const json = parseExact(text);
    if (isObject(json)) return json;
  } catch (error) {
    if (error instanceof SyntaxError) throw new Unfit('not_json', undefined).within(scope);
    throw error;
  }
  throw new Unfit('not_an_object', undefined).within(scope);
}

/**
 * Scopes share the fields of an event out among them; one that stands in two must be the same in both.
 * @throws Unfit; RangeError when a text nests too deep
 */
export function membersOf(scopes: Readonly<Record<string, string>>): EventMembers {
  const names = Object.keys(scopes);
  const [only] = names;
  // As most events have one, nothing is made for them but what JSON gives.
  if (only !== undefined && names.length === 1) {
    const all = parseScope(only, scopes[only] as string);
    return { all, in: (scope, name) => scope === only && Object.hasOwn(all, name) };
  }
  const parsed = new Map(names.map((scope) => [scope, parseScope(scope, scopes[scope] as string)]));
  const all = Object.create(null) as Record<string, unknown>;
  for (const members of parsed.values()) {
    for (const [name, value] of Object.entries(members)) {
      if (Object.hasOwn(all, name) && !isDeepStrictEqual(all[name], value))
        throw new Unfit('two_values', undefined).within(name);
      all[name] = value;
    }
  }
  return {
    all,
    in(scope, name) {
      const members = parsed.get(scope);
      return members !== undefined && Object.hasOwn(members, name);
    },
  };
}
