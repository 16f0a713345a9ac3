import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { typedTable } from '../../pipeline/typed/typed-table.ts';
import type { OpenedEvent } from '../opened-event.ts';
import { typedRows } from './map-event.ts';

const optional = (type: unknown) => ({ type: ['null', type], default: null });
const decimal = (precision: number, scale: number) => ({ type: 'bytes', logicalType: 'decimal', precision, scale });

function rowsOf(fields: readonly object[]) {
  const text = JSON.stringify({ type: 'record', name: 'Sale', fields });
  const { latest, unusable } = typedTable([{ app: 'a1', type: 'Sale', version: 4, text }]);
  if (!latest) throw new Error(JSON.stringify(unusable));
  return typedRows(latest);
}

const eventOf = (scopes: OpenedEvent['scopes'], closed: readonly string[] = []): OpenedEvent => ({
  type: 'Sale',
  scopes,
  closed,
});

/** Values of one field `v` of that type, given as JSON text. */
function one(type: unknown, json: string, more: object = {}): unknown {
  const { table, values } = rowsOf([{ name: 'v', type, ...more }])(eventOf({ s: `{"v":${json}}` }));
  return table.name === 'Sale' ? values.v : values.reason;
}

describe('what is written is what the column holds', () => {
  const whole = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const anyDecimal = fc.tuple(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), fc.nat(38));

  test('long, as number and as text', () => {
    fc.assert(
      fc.property(whole, (n) => {
        expect(one('long', String(n))).toBe(n);
        expect(one('long', `"${n}"`)).toBe(n);
      }),
    );
  });

  test('decimal, as number, as text and with an exponent', () => {
    fc.assert(
      fc.property(anyDecimal, ([unscaled, scale]) => {
        const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
        const sign = unscaled < 0n ? '-' : '';
        const plain = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
        const shifted = `${sign}${digits.slice(0, 1)}.${digits.slice(1) || '0'}e${digits.length - 1 - scale}`;
        const type = decimal(38, scale);
        expect(one(type, sign + plain)).toBe(unscaled);
        expect(one(type, `"${sign}${plain}"`)).toBe(unscaled);
        expect(one(type, shifted)).toBe(unscaled);
        expect(one(type, `${unscaled}e${-scale}`)).toBe(unscaled);
      }),
    );
  });

  test('int, double, float, text, bytes, boolean', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.string({ unit: 'grapheme' }),
        fc.uint8Array(),
        fc.boolean(),
        (int, double, text, bytes, flag) => {
          expect(one('int', String(int))).toBe(int);
          expect(one('double', JSON.stringify(double))).toBe(double === 0 ? 0 : double);
          const float = Math.fround(double);
          if (Number.isFinite(float)) expect(one('float', JSON.stringify(float))).toBe(float === 0 ? 0 : float);
          if (!text.includes('\0')) expect(one('string', JSON.stringify(text))).toBe(text);
          expect(one('bytes', `"${Buffer.from(bytes).toString('base64')}"`)).toEqual(bytes);
          expect(one('boolean', String(flag))).toBe(flag);
        },
      ),
    );
  });

  const instant = fc.date({
    min: new Date('0001-01-01'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  });

  test('days and instants', () => {
    fc.assert(
      fc.property(instant, fc.nat(999), (date, micro) => {
        const iso = date.toISOString();
        const micros = BigInt(date.getTime()) * 1000n + BigInt(micro);
        const type = { type: 'long', logicalType: 'timestamp-micros' };
        expect(one(type, `"${iso.slice(0, -1)}${String(micro).padStart(3, '0')}Z"`)).toBe(micros);
        expect(one(type, String(micros))).toBe(micros);
        expect(one({ type: 'long', logicalType: 'timestamp-millis' }, String(date.getTime()))).toBe(
          micros - BigInt(micro),
        );
        const day = Math.floor(date.getTime() / 86_400_000);
        expect(one({ type: 'int', logicalType: 'date' }, `"${iso.slice(0, 10)}"`)).toBe(day === 0 ? 0 : day);
        expect(one({ type: 'int', logicalType: 'date' }, String(day))).toBe(day === 0 ? 0 : day);
      }),
    );
  });

  test('an instant of another zone is the same instant', () => {
    const type = { type: 'long', logicalType: 'timestamp-millis' };
    expect(one(type, '"2026-03-01T01:30:00.5+02:00"')).toBe(BigInt(Date.parse('2026-02-28T23:30:00.500Z')) * 1000n);
  });

  test('lists, records and maps, with null where it may be', () => {
    const line = {
      type: 'record',
      name: 'Line',
      fields: [
        { name: 'sku', type: 'string' },
        { name: 'sizes', ...optional({ type: 'array', items: ['null', 'int'] }) },
      ],
    };
    expect(one({ type: 'array', items: line }, '[{"sku":"a","sizes":[1,null]},{"sku":"b"}]')).toEqual([
      { sku: 'a', sizes: [1, null] },
      { sku: 'b', sizes: null },
    ]);
    expect(one({ type: 'map', values: 'long' }, '{"b":1,"a":"2","__proto__":3}')).toEqual([
      { key: 'b', value: 1n },
      { key: 'a', value: 2n },
      { key: '__proto__', value: 3n },
    ]);
  });

  test('-0 is 0', () => {
    expect(one('double', '-0')).toBe(0);
    expect(one('int', '-0')).toBe(0);
    expect(one(decimal(5, 2), '-0.00')).toBe(0n);
    expect(one('long', '-0')).toBe(0n);
  });
});

const timestamp = { type: 'long', logicalType: 'timestamp-micros' };
const date = { type: 'int', logicalType: 'date' };

test.each<[unknown, string, string]>([
  ['boolean', '"true"', 'wrong_type'],
  ['boolean', '1', 'wrong_type'],
  ['int', '2147483648', 'out_of_range'],
  ['int', '1.5', 'wrong_type'],
  ['int', '"5"', 'wrong_type'],
  ['int', '12345678901234567890', 'out_of_range'],
  ['long', '9223372036854775808', 'out_of_range'],
  ['long', '1.5', 'wrong_type'],
  ['long', '"x"', 'malformed'],
  ['long', '"0x10"', 'malformed'],
  ['long', '" 1"', 'malformed'],
  ['long', '1e400', 'out_of_range'],
  ['long', '[]', 'wrong_type'],
  ['float', '1e39', 'out_of_range'],
  ['double', '1e309', 'out_of_range'],
  ['double', '"1"', 'wrong_type'],
  ['string', '5', 'wrong_type'],
  ['string', '"\\ud800"', 'malformed'],
  ['string', '"a\\u0000"', 'malformed'],
  ['bytes', '"a"', 'malformed'],
  ['bytes', '"QR=="', 'malformed'],
  [{ type: 'fixed', name: 'F', size: 2 }, '"QQ=="', 'out_of_range'],
  [{ type: 'enum', name: 'E', symbols: ['A'] }, '"B"', 'not_in_enum'],
  [{ type: 'string', logicalType: 'uuid' }, '"x"', 'malformed'],
  [decimal(5, 2), '1000', 'out_of_range'],
  [decimal(5, 2), '1.005', 'too_precise'],
  [decimal(5, 2), '1e-500', 'too_precise'],
  [decimal(5, 2), '"1,5"', 'malformed'],
  [decimal(5, 2), `"${'9'.repeat(2_000)}"`, 'out_of_range'],
  [decimal(38, 0), '0.1234567890123456789', 'too_precise'],
  [date, '"2026-02-30"', 'malformed'],
  [date, '"2026-2-3"', 'malformed'],
  [date, '"0000-12-31"', 'out_of_range'],
  [date, '3000000', 'out_of_range'],
  [date, '1.5', 'wrong_type'],
  [timestamp, '"2026-01-01T00:00:00"', 'malformed'],
  [timestamp, '"2026-02-30T00:00:00Z"', 'malformed'],
  [timestamp, '"2026-01-01T24:00:00Z"', 'malformed'],
  [timestamp, '"2026-01-01T00:00:00.0000001Z"', 'too_precise'],
  [timestamp, '"2026-01-01"', 'malformed'],
  [timestamp, '300000000000000000', 'out_of_range'],
  [{ type: 'array', items: 'int' }, '{}', 'wrong_type'],
  [{ type: 'array', items: 'int' }, '[1,null]', 'required'],
  [{ type: 'map', values: 'int' }, '[]', 'wrong_type'],
  [{ type: 'record', name: 'R', fields: [{ name: 'x', type: 'int' }] }, '{}', 'required'],
  ['int', 'null', 'required'],
])('%j does not take %s: %s', (type, json, reason) => {
  expect(one(type, json)).toBe(reason);
  if (json !== 'null') expect(one(['null', type], json, { default: null })).toBe(reason);
});

describe('an event that fits nowhere', () => {
  test('is told by what it is, where and why', () => {
    const lines = { type: 'array', items: { type: 'record', name: 'L', fields: [{ name: 'n', type: 'int' }] } };
    const row = rowsOf([{ name: 'lines', type: lines }])(eventOf({ s: '{"lines":[{"n":1},{"n":"two"}]}' }));
    expect(row).toEqual({
      table: expect.objectContaining({ name: '_rejected', version: 0 }),
      values: {
        of: 'Sale',
        reason: 'wrong_type',
        detail: 'lines[1].n: the value is of another type than the field: "two"',
      },
    });
  });

  test.each([
    ['not JSON', { s: 'plain text' }, 'not_json'],
    ['no object', { s: '[1]' }, 'not_an_object'],
    ['nested beyond the stack', { s: `{"v":1,"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}` }, 'too_deep'],
    ['of two opinions', { s: '{"v":1}', t: '{"v":2}' }, 'two_values'],
    ['of two opinions in what nobody knows', { s: '{"v":1,"x":{"y":1}}', t: '{"x":{"y":2}}' }, 'two_values'],
  ])('%s', (_, scopes, reason) => {
    expect(rowsOf([{ name: 'v', type: 'int' }])(eventOf(scopes)).values.reason).toBe(reason);
  });
});

describe('fields over several scopes', () => {
  const rows = rowsOf([
    { name: 'amount', type: 'int', 'ddc.scope': 'purchase' },
    { name: 'city', type: 'string' },
  ]);
  const seen = (scopes: Record<string, string>, closed: readonly string[] = []) => {
    const { table, values } = rows(eventOf(scopes, closed));
    return table.name === 'Sale' ? [values.amount, values.city] : values.reason;
  };

  test('are one row', () => {
    expect(seen({ purchase: '{"amount":1}', profile: '{"city":"x"}' })).toEqual([1, 'x']);
    expect(seen({ purchase: '{"amount":1,"city":"x"}', profile: '{"city":"x"}' })).toEqual([1, 'x']);
  });

  test('are null where a scope that is not read could hold them, and only there', () => {
    expect(seen({ purchase: '{"amount":1}' }, ['profile'])).toEqual([1, null]);
    expect(seen({ profile: '{"city":"x"}' }, ['purchase'])).toEqual([null, 'x']);
    expect(seen({ purchase: '{"amount":1}' })).toBe('required');
    expect(seen({ profile: '{"city":"x"}' }, ['other'])).toBe('required');
    expect(seen({ profile: '{"city":"x","amount":1}' }, ['purchase'])).toBe('wrong_scope');
  });
});

describe('what the schema does not know', () => {
  const rows = rowsOf([
    { name: 'v', ...optional('int') },
    { name: 'place', ...optional({ type: 'record', name: 'Place', fields: [{ name: 'street', type: 'string' }] }) },
    { name: 'places', ...optional({ type: 'array', items: ['null', 'Place'] }) },
    { name: 'by', ...optional({ type: 'map', values: 'Place' }) },
  ]);
  const extra = (...texts: string[]) => {
    const { table, values } = rows(eventOf(Object.fromEntries(texts.map((text, i) => [`s${i}`, text]))));
    return table.name === 'Sale' ? values.extra : values.detail;
  };

  test('is kept as JSON, with all its digits', () => {
    expect(extra('{"v":1}')).toBeNull();
    expect(extra('{"v":1,"x":1.50,"y":null}', '{"z":[{}]}')).toBe('{"x":1.5,"y":null,"z":[{}]}');
    expect(extra('{"x":12345678901234567890.10}')).toBe('{"x":12345678901234567890.10}');
    expect(extra('{"__proto__":1}')).toBe('{"__proto__":1}');
  });

  test('is kept where it was, also inside', () => {
    expect(extra('{"place":{"street":"a","zip":1}}')).toBe('{"place":{"zip":1}}');
    expect(extra('{"places":[null,{"street":"a"},{"street":"b","zip":2}],"w":0}')).toBe(
      '{"places":{"2":{"zip":2}},"w":0}',
    );
    expect(extra('{"by":{"__proto__":{"street":"a","zip":1}}}')).toBe('{"by":{"__proto__":{"zip":1}}}');
  });
});

test('nothing is lost: fields and extra together are the object that was written', () => {
  const rows = rowsOf([
    { name: 'a', ...optional('double') },
    { name: 'b', ...optional({ type: 'record', name: 'B', fields: [{ name: 'c', ...optional('string') }] }) },
  ]);
  const value = fc.jsonValue({ maxDepth: 2 });
  const text = fc.record(
    {
      a: fc.double({ noNaN: true, noDefaultInfinity: true }),
      b: fc.record({ c: fc.string(), d: value }, { requiredKeys: [] }),
      e: value,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(text, (object) => {
      const json = JSON.stringify(object);
      const { table, values } = rows(eventOf({ s: json }));
      if (table.name === '_rejected') return expect(values.reason).toBe('malformed');
      const rest = JSON.parse((values.extra as string | null) ?? '{}');
      const b = values.b as { c: string | null } | null;
      const known = {
        ...('a' in object ? { a: values.a } : {}),
        ...('b' in object ? { b: { ...(b && 'c' in (object.b ?? {}) ? { c: b.c } : {}), ...rest.b } } : {}),
      };
      expect({ ...rest, ...known }).toEqual(JSON.parse(json, (_, inner) => (Object.is(inner, -0) ? 0 : inner)));
    }),
  );
});
