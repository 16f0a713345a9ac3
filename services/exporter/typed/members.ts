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
  const parsed = Object.entries(scopes).map(([scope, text]) => [scope, parseScope(scope, text)] as const);
  const by = new Map(parsed);
  const isIn = (scope: string, name: string) => {
    const members = by.get(scope);
    return members !== undefined && Object.hasOwn(members, name);
  };
  const [only] = parsed;
  if (only && parsed.length === 1) return { all: only[1], in: isIn };
  const all = Object.create(null) as Record<string, unknown>;
  for (const [, members] of parsed) {
    for (const [name, value] of Object.entries(members)) {
      if (Object.hasOwn(all, name) && !isDeepStrictEqual(all[name], value))
        throw new Unfit('two_values', undefined).within(name);
      all[name] = value;
    }
  }
  return { all, in: isIn };
}
