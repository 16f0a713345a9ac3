import type { Value } from '../../pipeline/ports/table.ts';
import type { Kind, SchemaField } from '../../pipeline/typed/kind.ts';
import { toDecimal, toDouble, toFloat, toInt, toLong } from './numbers.ts';
import { toBytes, toSymbol, toText, toUuid } from './texts.ts';
import { toDate, toTimestamp } from './times.ts';
import { Unfit } from './unfit.ts';

type Json = Readonly<Record<string, unknown>>;

/** Members that the schema does not know, by where they were: objects as objects, items of lists by their index. Taken, then put back to null. */
export interface Leftovers {
  taken: Record<string, unknown> | null;
}

/** Makes the value of a column out of JSON. @throws Unfit */
export type ToValue = (json: unknown, left: Leftovers) => Value;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Made once per schema: what runs per event is what these closures do. */
export function compileValue(kind: Kind): ToValue {
  switch (kind.kind) {
    case 'boolean':
      return toBoolean;
    case 'int':
      return toInt;
    case 'long':
      return toLong;
    case 'float':
      return toFloat;
    case 'double':
      return toDouble;
    case 'date':
      return toDate;
    case 'string':
      return kind.isUuid ? toUuid : kind.symbols ? toSymbol(kind.symbols) : toText;
    case 'bytes':
      return toBytes(kind.length);
    case 'timestamp':
      return toTimestamp(kind.unit);
    case 'decimal':
      return toDecimal(kind.precision, kind.scale);
    case 'list':
      return compileList(compileItem(kind));
    case 'map':
      return compileMap(compileItem(kind));
    case 'record':
      return compileRecord(kind.fields);
  }
}

function toBoolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new Unfit('wrong_type', value);
  return value;
}

function compileItem({ of, nullable }: { readonly of: Kind; readonly nullable: boolean }): ToValue {
  const to = compileValue(of);
  return (json, left) => {
    if (json !== null) return to(json, left);
    if (nullable) return null;
    throw new Unfit('required', undefined);
  };
}

/** Keeps, under a name, what an inner value left. */
export function keep(
  mine: Record<string, unknown> | null,
  name: string,
  left: Leftovers,
): Record<string, unknown> | null {
  if (left.taken === null) return mine;
  // Names of entries are anybody's choice, also `__proto__`.
  const kept = mine ?? (Object.create(null) as Record<string, unknown>);
  kept[name] = left.taken;
  left.taken = null;
  return kept;
}

function compileList(item: ToValue): ToValue {
  return (json, left) => {
    if (!Array.isArray(json)) throw new Unfit('wrong_type', json);
    const values: Value[] = [];
    let mine: Record<string, unknown> | null = null;
    for (let i = 0; i < json.length; i += 1) {
      try {
        values.push(item(json[i], left));
      } catch (error) {
        throw error instanceof Unfit ? error.within(`[${i}]`) : error;
      }
      mine = keep(mine, String(i), left);
    }
    left.taken = mine;
    return values;
  };
}

/** An object whose members are entries: a list of them, since no column has names that only the data knows. */
function compileMap(item: ToValue): ToValue {
  return (json, left) => {
    if (!isObject(json)) throw new Unfit('wrong_type', json);
    const values: Value[] = [];
    let mine: Record<string, unknown> | null = null;
    for (const [name, one] of Object.entries(json)) {
      try {
        values.push({ key: toText(name), value: item(one, left) });
      } catch (error) {
        throw error instanceof Unfit ? error.within(`[${JSON.stringify(name).slice(0, 80)}]`) : error;
      }
      mine = keep(mine, name, left);
    }
    left.taken = mine;
    return values;
  };
}

function compileRecord(fields: readonly SchemaField[]): ToValue {
  const columns = fields.map(({ name, kind, nullable }) => ({ name, nullable, to: compileValue(kind) }));
  const names = new Set(fields.map(({ name }) => name));
  return (json, left) => {
    if (!isObject(json)) throw new Unfit('wrong_type', json);
    const values: Record<string, Value> = {};
    let mine: Record<string, unknown> | null = null;
    let found = 0;
    for (const { name, nullable, to } of columns) {
      const has = Object.hasOwn(json, name);
      if (has) found += 1;
      const one = has ? json[name] : null;
      try {
        if (one === null && !nullable) throw new Unfit('required', undefined);
        values[name] = one === null ? null : to(one, left);
      } catch (error) {
        throw error instanceof Unfit ? error.within(`.${name}`) : error;
      }
      mine = keep(mine, name, left);
    }
    left.taken = found === Object.keys(json).length ? mine : { ...mine, ...unknownOf(json, names) };
    return values;
  };
}

/** Members that the schema does not know. */
export const unknownOf = (json: Json, names: ReadonlySet<string>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(json).filter(([name]) => !names.has(name)));
