import { expect, test } from '@jest/globals';
import { eventsTable, untypedRows } from './events-table.ts';
import type { OpenedEvent } from './opened-event.ts';

test('a text column per scope, by names that every engine takes', () => {
  const { columns } = eventsTable(['purchase', '__default_scope', 'a.b-c']);
  expect(columns.map(({ name }) => name)).toEqual(['scope_purchase', 'scope___default_scope', 'scope_a_b_c']);
});

test.each([
  ['purchase', 'Purchase'],
  ['a.b', 'a-b'],
])('scopes %s and %s would be one column', (...scopes) => {
  expect(() => eventsTable(scopes)).toThrow(expect.objectContaining({ code: 'two_columns' }));
});

test('the text as it is, null where the event has no such scope', () => {
  const event: OpenedEvent = { type: 'x', scopes: { a: '{"n": 1.0}' }, closed: ['c'] };
  expect(untypedRows(['a', 'constructor'])(event)).toMatchObject({
    table: { name: 'events', version: 0 },
    values: { scope_a: '{"n": 1.0}', scope_constructor: null },
  });
});
