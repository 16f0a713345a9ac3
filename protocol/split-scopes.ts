import { ProtocolError, shownName } from './errors.ts';
import { DEFAULT_SCOPE, isScopeName } from './scope-name.ts';

type Fields = Record<string, unknown>;

/** A member even where it is called `__proto__`. */
function put(target: Fields, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/** The fields of one scope, made on first use; `constructor` and its like are names as any other. */
function fieldsOf(result: Record<string, Fields>, scope: string): Fields {
  if (!Object.hasOwn(result, scope)) result[scope] = {};
  return result[scope] as Fields;
}

/** Equality of JSON values; the order of members does not count. */
function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && sameValue((a as Fields)[name], (b as Fields)[name]))
  );
}

/**
 * Splits the fields of `data` into scopes; a field may be in several, and what no scope lists goes to `__default_scope`. Empty scopes are left out,
 * except that empty data is an empty `__default_scope`.
 * @example splitScopes({ price: 12, city: 'Bern', page: '/' }, { payment: ['price'], geo: ['city'] })
 *   // { payment: { price: 12 }, geo: { city: 'Bern' }, __default_scope: { page: '/' } }
 * @throws ProtocolError `scope` on a name that a client may not use, `proto` on a field called `__proto__`.
 */
export function splitScopes(data: Fields, scopes: Record<string, string[]>): Record<string, Fields> {
  const result: Record<string, Fields> = {};
  const listed = new Set<string>();
  if (Object.hasOwn(data, '__proto__')) throw new ProtocolError('proto');
  for (const [scope, fields] of Object.entries(scopes)) {
    if (!isScopeName(scope)) throw new ProtocolError('scope', shownName(scope));
    for (const field of fields) {
      listed.add(field);
      if (!Object.hasOwn(data, field)) continue;
      put(fieldsOf(result, scope), field, data[field]);
    }
  }
  for (const field of Object.keys(data)) {
    if (listed.has(field)) continue;
    put(fieldsOf(result, DEFAULT_SCOPE), field, data[field]);
  }
  return Object.keys(result).length === 0 ? { [DEFAULT_SCOPE]: {} } : result;
}

/**
 * Puts the fields of all scopes together again.
 * @throws ProtocolError `merge` when a field stands in two scopes with unequal values: neither may win silently.
 */
export function mergeScopes(scopes: Record<string, Fields>): Fields {
  const merged: Fields = {};
  for (const fields of Object.values(scopes)) {
    if (Object.hasOwn(fields, '__proto__')) throw new ProtocolError('proto');
    for (const [field, value] of Object.entries(fields)) {
      if (!Object.hasOwn(merged, field)) put(merged, field, value);
      else if (!sameValue(merged[field], value)) throw new ProtocolError('merge', shownName(field));
    }
  }
  return merged;
}
