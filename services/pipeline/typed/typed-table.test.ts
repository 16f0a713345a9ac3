import { expect, test } from '@jest/globals';
import { typedTable } from './typed-table.ts';

const field = (name: string, type: unknown) => ({ name, type });
const optional = (name: string, type: unknown) => ({ name, type: ['null', type], default: null });
const versions = (...fields: (readonly unknown[] | string)[]) =>
  fields.map((of, i) => ({
    app: 'a1',
    type: 'Sale',
    version: i + 1,
    text: typeof of === 'string' ? of : JSON.stringify({ type: 'record', name: 'Sale', fields: of }),
  }));
const placed = (...fields: unknown[]) => field('place', { type: 'record', name: 'Place', fields });

test('the last version, with what it adds, and a column for what it does not know', () => {
  const { latest, unusable } = typedTable(versions([field('a', 'int')], [optional('b', 'long'), field('a', 'int')]));
  expect(latest?.table).toEqual({
    name: 'Sale',
    version: 2,
    columns: [
      { name: 'b', type: 'long' },
      { name: 'a', type: 'int' },
      { name: 'extra', type: 'string' },
    ],
  });
  expect(unusable).toEqual([]);
});

test.each<[string, readonly unknown[], readonly unknown[], string]>([
  ['drops a field', [field('a', 'int'), field('b', 'int')], [field('a', 'int')], 'changed'],
  ['changes a type', [field('a', 'int')], [field('a', 'long')], 'changed'],
  ['makes a field optional', [field('a', 'int')], [optional('a', 'int')], 'changed'],
  [
    'lets a record inside grow',
    [placed(field('x', 'int'))],
    [placed(field('x', 'int'), optional('y', 'int'))],
    'changed',
  ],
  ['adds a required field', [field('a', 'int')], [field('a', 'int'), field('b', 'int')], 'added_required'],
])('a version that %s is not used, and the one before still is', (_, before, after, code) => {
  const { latest, unusable } = typedTable(versions(before, after, [...before, optional('z', 'int')]));
  expect(latest?.table.version).toBe(3);
  expect(unusable).toEqual([{ version: 2, problems: [expect.objectContaining({ code })] }]);
});

test('none can be used', () => {
  expect(typedTable(versions('"string"')).latest).toBeNull();
  expect(typedTable([]).latest).toBeNull();
});
