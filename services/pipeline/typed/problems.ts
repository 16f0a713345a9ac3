/** Something in a schema that cannot be a table. */
export interface SchemaProblem {
  /** Stable. */
  readonly code: SchemaProblemCode;
  /** Where: names from the top, joined by dots; empty for the schema itself. */
  readonly at: string;
  /** What is wrong, and what to do. */
  readonly message: string;
}

/** Every reason to refuse a schema, and what to do about it. */
export const SCHEMA_PROBLEMS = {
  type_name: 'give the type another name',
  type_twice: 'tables of engines that fold case would be one: give the type another name',
  too_many: 'an app has 200 types with a schema at most, and each 100 versions: add a field to a type that there is',
  registry: 'the registry of schemas refuses it',
  not_json: 'send the text of an Avro schema',
  not_a_record: 'the schema of an event is a record of its fields',
  too_large: 'a schema has 65,536 characters at most',
  type: 'use an Avro type of docs/schemas.md',
  logical_type:
    'use decimal, date, timestamp-millis, timestamp-micros or uuid on the type that the specification of Avro names',
  decimal: 'a decimal has 1 to 38 digits, of which 0 to all are behind the point',
  union: 'the only union is ["null", X]',
  default: 'the only default is null, and an optional field has it',
  zero_width: 'nothing may take no bytes: a few bytes could claim billions of items',
  name: 'a name is a letter or _, then letters, digits and _, 63 at most',
  name_taken: 'rows have a column of this name already, or engines could not tell it apart: rename the field',
  name_twice: 'engines that fold case could not tell the two apart: rename one',
  recursive: 'a type may not contain itself: columns have an end',
  unknown_type: 'define a named type before it is used',
  too_deep: 'types nest 8 deep at most',
  too_wide: 'a schema has 500 fields at most, those of records counted as often as they are used',
  symbols: 'an enum has 1 to 1,000 symbols, each once',
  scope: 'a scope is 1 to 64 of [A-Za-z0-9_.-]; only fields of the event itself have one',
  changed: 'a later version only adds optional fields: keep every field that there was, with its type',
  added_required: 'a field that a later version adds is optional: ["null", X] with default null',
} as const;

export type SchemaProblemCode = keyof typeof SCHEMA_PROBLEMS;

const SHOWN = 80;

/** A value of a schema as messages show it. What is inside is not: it may be of any size and depth. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(JSON.stringify(value)).slice(0, SHOWN).toWellFormed();
}

/** Whoever has more mends these first. */
const MOST = 100;

/** Collects every problem of a schema. */
export class Problems {
  readonly list: SchemaProblem[] = [];

  add(code: SchemaProblemCode, at: string, what: string): void {
    if (this.list.length < MOST) this.list.push({ code, at, message: `${what}: ${SCHEMA_PROBLEMS[code]}` });
  }
}
