import { describe, expect, test } from '@jest/globals';
import { columnOf } from './kind.ts';
import { readSchema } from './read-schema.ts';

const record = (fields: unknown, more: object = {}) => ({ type: 'record', name: 'Event', fields, ...more });
const field = (type: unknown, more: object = {}) => ({ name: 'a', type, ...more });
const read = (schema: unknown) => readSchema(typeof schema === 'string' ? schema : JSON.stringify(schema));
const problemsOf = (schema: unknown) => {
  const found = read(schema);
  return found.kind === 'problems' ? found.problems.map(({ code, at }) => `${code} ${at}`.trim()) : [];
};
const columnsOf = (...fields: unknown[]) => {
  const found = read(record(fields));
  return found.kind === 'schema' ? found.schema.fields.map(columnOf) : found.problems;
};

describe('columns of a schema', () => {
  test.each([
    ['boolean', 'boolean'],
    [{ type: 'int', logicalType: 'date' }, 'date'],
    [{ type: 'long', logicalType: 'timestamp-millis' }, 'timestamp'],
    [{ type: 'long', logicalType: 'timestamp-micros' }, 'timestamp'],
    [{ type: 'string', logicalType: 'uuid' }, 'string'],
    [{ type: 'enum', name: 'E', symbols: ['A'] }, 'string'],
    [{ type: 'fixed', name: 'F', size: 4 }, 'bytes'],
    [
      { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 2 },
      { kind: 'decimal', precision: 38, scale: 2 },
    ],
    [
      { type: 'fixed', name: 'F', size: 4, logicalType: 'decimal', precision: 9 },
      { kind: 'decimal', precision: 9, scale: 0 },
    ],
    [
      { type: 'array', items: ['null', 'int'] },
      { kind: 'list', of: 'int' },
    ],
    [
      { type: 'map', values: 'string' },
      {
        kind: 'list',
        of: {
          kind: 'record',
          fields: [
            { name: 'key', type: 'string' },
            { name: 'value', type: 'string' },
          ],
        },
      },
    ],
    [
      { type: 'record', name: 'R', fields: [field('double')] },
      { kind: 'record', fields: [{ name: 'a', type: 'double' }] },
    ],
  ])('%j', (type, column) => {
    expect(columnsOf(field(type))).toEqual([{ name: 'a', type: column }]);
    expect(columnsOf(field(['null', type], { default: null }))).toEqual([{ name: 'a', type: column }]);
  });

  test('a named type is used again by its name, in its namespace or in full', () => {
    const schema = {
      ...record([
        field({ type: 'record', name: 'Place', fields: [field('int')] }),
        { name: 'b', type: 'Place' },
        { name: 'c', type: 'shop.Place' },
        { name: 'd', type: { type: 'array', items: 'Place' } },
      ]),
      namespace: 'shop',
    };
    const found = read(schema);
    expect(found.kind === 'schema' && found.schema.fields.map(({ kind }) => kind.kind)).toEqual([
      'record',
      'record',
      'record',
      'list',
    ]);
  });

  test('a field may say its scope', () => {
    const found = read(record([field('int', { 'ddc.scope': 'purchase' })]));
    expect(found).toMatchObject({ kind: 'schema', schema: { fields: [{ name: 'a', scope: 'purchase' }] } });
  });
});

const deep = (n: number): unknown => (n === 0 ? 'int' : { type: 'array', items: deep(n - 1) });
/** Each record thrice in the next: 3^7 fields in a few hundred characters. */
const tripling = Array.from({ length: 7 }, (_, i) => ({
  name: `f${i}`,
  type: {
    type: 'record',
    name: `R${i}`,
    fields: i === 0 ? [field('int')] : ['a', 'b', 'c'].map((name) => ({ name, type: `R${i - 1}` })),
  },
}));

test.each<[string, unknown, string[]]>([
  ['no JSON', '{', ['not_json']],
  ['no record', '"string"', ['not_a_record']],
  ['very long', `{"type":"record","name":"E","doc":"${'x'.repeat(70_000)}","fields":[]}`, ['too_large']],
  ['no fields', record([]), ['zero_width']],
  ['a list of nothing', record([field({ type: 'array', items: 'null' })]), ['zero_width a[]']],
  [
    'a list of empty records',
    record([field({ type: 'array', items: { type: 'record', name: 'R', fields: [] } })]),
    ['zero_width a[]'],
  ],
  [
    'a map of empty bytes',
    record([field({ type: 'map', values: { type: 'fixed', name: 'F', size: 0 } })]),
    ['zero_width a[]'],
  ],
  ['another union', record([field(['int', 'string'], { default: null })]), ['union a']],
  ['null second', record([field(['int', 'null'], { default: 1 })]), ['union a', 'default a']],
  ['a default', record([field('int', { default: 0 })]), ['default a']],
  ['optional without default', record([field(['null', 'int'])]), ['default a']],
  ['a time of day', record([field({ type: 'int', logicalType: 'time-millis' })]), ['logical_type a']],
  ['a date of the wrong type', record([field({ type: 'long', logicalType: 'date' })]), ['logical_type a']],
  [
    'a decimal of 39 digits',
    record([field({ type: 'bytes', logicalType: 'decimal', precision: 39, scale: 0 })]),
    ['decimal a'],
  ],
  [
    'more digits behind the point than there are',
    record([field({ type: 'bytes', logicalType: 'decimal', precision: 2, scale: 3 })]),
    ['decimal a'],
  ],
  [
    'a decimal beyond its bytes',
    record([field({ type: 'fixed', name: 'F', size: 4, logicalType: 'decimal', precision: 10 })]),
    ['decimal a'],
  ],
  ['a name with a dash', record([{ name: 'a-b', type: 'int' }]), ['name a-b']],
  [
    'a name that every row has',
    record([
      { name: 'Wallet', type: 'int' },
      { name: 'DT', type: 'int' },
      { name: 'extra', type: 'int' },
    ]),
    ['name_taken Wallet', 'name_taken DT', 'name_taken extra'],
  ],
  [
    'a name that every object has',
    record([
      { name: 'constructor', type: 'int' },
      { name: '__proto__', type: 'int' },
    ]),
    ['name_taken constructor', 'name_taken __proto__'],
  ],
  ['two names that fold', record([field('int'), { name: 'A', type: 'int' }]), ['name_twice A']],
  [
    'an inner name that every row has',
    record([field({ type: 'record', name: 'R', fields: [{ name: 'wallet', type: 'int' }] })]),
    [],
  ],
  [
    'a type twice',
    record([field({ type: 'fixed', name: 'F', size: 1 }), { name: 'b', type: { type: 'fixed', name: 'F', size: 2 } }]),
    ['name_twice b'],
  ],
  ['itself', record([field({ type: 'array', items: 'Event' })]), ['recursive a[]']],
  ['an unknown type', record([field('Nothing')]), ['unknown_type a']],
  ['very deep', record([field(deep(9))]), ['too_deep a[][][][][][][][]']],
  ['types that triple', record(tripling), ['too_wide']],
  ['no symbols', record([field({ type: 'enum', name: 'E', symbols: [] })]), ['symbols a']],
  [
    'a scope of an inner field',
    record([field({ type: 'record', name: 'R', fields: [field('int', { 'ddc.scope': 'x' })] })]),
    ['scope a.a'],
  ],
  ['no scope', record([field('int', { 'ddc.scope': '__meta' })]), ['scope a']],
  ['a type of no kind', record([field({ type: 7 }), { name: 'b' }]), ['type a', 'type b']],
  [
    'all at once',
    record([field('null'), { name: 'a', type: ['int'] }, { name: 'type', type: 'Nothing' }]),
    ['zero_width a', 'name_twice a', 'name_taken type'],
  ],
])('refuses %s', (_, schema, codes) => {
  const found = problemsOf(schema);
  expect(found.map((one) => one.split(' ')[0])).toEqual(codes.map((one) => one.split(' ')[0]));
  if (!codes[0]?.startsWith('too_wide')) expect(found).toEqual(codes);
});

test('what is refused is refused soon, however deep it is', () => {
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
  const types = `${'{"type":'.repeat(7_000)}"int"${'}'.repeat(7_000)}`;
  for (const text of [
    `{"type":"record","name":"E","fields":${deep}}`,
    `{"type":"record","name":"E","fields":[{"name":"a","type":${deep}},{"name":"b","type":${types}}]}`,
    `{"type":"record","name":"E","fields":[{"name":"a","type":{"type":"int","logicalType":${deep}}}]}`,
  ])
    expect(problemsOf(text)).not.toEqual([]);
});
