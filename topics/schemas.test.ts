import { describe, expect, test } from '@jest/globals';
import avro from 'avsc';
import { topics } from './index.ts';

type Part = { type?: unknown; name?: string; fields?: Field[]; items?: unknown; values?: unknown; size?: number };
type Field = { name: string; type: unknown; default?: unknown };

/** Every part of a schema, from the outside in. */
function* parts(schema: unknown): Generator<unknown> {
  yield schema;
  if (Array.isArray(schema)) for (const branch of schema) yield* parts(branch);
  else if (typeof schema === 'object' && schema !== null) {
    const { type, fields = [], items, values } = schema as Part;
    for (const field of fields) yield* parts(field.type);
    for (const inner of [items, values]) if (inner !== undefined) yield* parts(inner);
    if (typeof type === 'object') yield* parts(type);
  }
}

const objects = (schema: unknown) =>
  [...parts(schema)].filter((part): part is Part => typeof part === 'object' && !Array.isArray(part));
const fieldsOf = (schema: unknown) => objects(schema).flatMap((part) => part.fields ?? []);

/** The fewest bytes that a value of this part takes on the wire. */
function leastBytes(part: unknown, named: Map<string, unknown>): number {
  if (part === 'null') return 0;
  if (typeof part === 'string') return named.has(part) ? leastBytes(named.get(part), named) : 1;
  if (Array.isArray(part)) return 1;
  const { type, fields = [], size = 0 } = part as Part;
  if (type === 'fixed') return size;
  if (type === 'record') return fields.reduce((sum, field) => sum + leastBytes(field.type, named), 0);
  return typeof type === 'object'
    ? leastBytes(type, named)
    : leastBytes(type === 'enum' || type === 'array' || type === 'map' ? 'int' : type, named);
}

describe.each(topics.map(({ name, schema }) => [name, schema.avro] as const))('the record of %s', (_name, schema) => {
  test('is valid Avro, of this namespace', () => {
    expect(avro.Type.forSchema(schema as avro.Schema).name).toBe(`network.cere.ddc.${schema.name}`);
  });

  test('defines each name once', () => {
    const names = objects(schema).filter((part) => ['record', 'fixed', 'enum'].includes(part.type as string));
    expect(new Set(names.map((part) => part.name)).size).toBe(names.length);
    for (const { fields = [] } of names) expect(new Set(fields.map((field) => field.name)).size).toBe(fields.length);
  });

  test('has null as the first branch and as the default of whatever may be absent', () => {
    for (const field of fieldsOf(schema)) {
      if (!Array.isArray(field.type)) continue;
      expect([field.name, field.type[0], field.default]).toEqual([field.name, 'null', null]);
    }
  });

  test('has no list whose items take no bytes: a few bytes could claim a billion of them', () => {
    const all = objects(schema);
    const named = new Map(all.flatMap((part) => (part.name === undefined ? [] : [[part.name, part] as const])));
    for (const { items } of all) if (items !== undefined) expect(leastBytes(items, named)).toBeGreaterThan(0);
  });
});

test('the check of items finds an array of nulls', () => {
  expect(leastBytes('null', new Map())).toBe(0);
  expect(leastBytes({ type: 'record', name: 'Empty', fields: [{ name: 'nothing', type: 'null' }] }, new Map())).toBe(0);
});
