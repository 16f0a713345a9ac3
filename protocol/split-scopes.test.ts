import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mergeScopes, splitScopes } from './index.ts';

describe('splitting data into scopes', () => {
  test('listed fields go to their scopes, the rest to the default', () => {
    const data = { price: 12, city: 'Bern', page: '/', nothing: null };
    expect(splitScopes(data, { payment: ['price', 'absent'], geo: ['city', 'price'], none: ['absent'] })).toEqual({
      payment: { price: 12 },
      geo: { city: 'Bern', price: 12 },
      __default_scope: { page: '/', nothing: null },
    });
  });

  test('a scope may be listed as the default one; reserved names may not', () => {
    expect(splitScopes({ a: 1, b: 2 }, { __default_scope: ['a'] })).toEqual({ __default_scope: { a: 1, b: 2 } });
    expect(() => splitScopes({ a: 1 }, { __meta: ['a'] })).toThrow('scope');
    expect(splitScopes({}, { a: ['x'] })).toEqual({ __default_scope: {} });
  });

  test('merging gives back what was split, whatever the fields', () => {
    const names = fc.string({ maxLength: 8 }).filter((name) => name !== '__proto__');
    const listing = fc.dictionary(fc.constantFrom('a', 'constructor', 'toString'), fc.array(names, { maxLength: 4 }), {
      noNullPrototype: true,
    });
    const data = fc.dictionary(names, fc.jsonValue(), { maxKeys: 8, noNullPrototype: true });
    fc.assert(
      fc.property(data, listing, (fields, scopes) => {
        const listed = { ...scopes, d: Object.keys(fields).slice(0, 2), e: Object.keys(fields).slice(1, 3) };
        const wire = JSON.parse(JSON.stringify(splitScopes(fields, listed))) as Record<string, Record<string, unknown>>;
        expect(mergeScopes(wire)).toEqual(JSON.parse(JSON.stringify(fields)));
      }),
    );
  });

  test('unequal values of one field are an error, equal ones are not, in whatever order their members are', () => {
    expect(mergeScopes({ a: { x: { p: 1, q: [1] } }, b: { x: { q: [1], p: 1 }, y: 2 } })).toEqual({
      x: { p: 1, q: [1] },
      y: 2,
    });
    for (const [one, other] of [
      [1, '1'],
      [[1], { 0: 1 }],
      [null, 0],
      [{ p: 1 }, { p: 1, q: 1 }],
      [
        [1, 2],
        [2, 1],
      ],
    ]) {
      expect(() => mergeScopes({ a: { x: one }, b: { x: other } })).toThrow('two scopes');
    }
  });

  test('__proto__ is refused, never followed', () => {
    const poisoned = JSON.parse('{"__proto__":{"admin":true}}') as Record<string, unknown>;
    expect(() => splitScopes(poisoned, {})).toThrow('__proto__');
    expect(() => mergeScopes({ a: poisoned })).toThrow('__proto__');
  });
});
