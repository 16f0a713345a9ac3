import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { topics } from '../../topics/index.ts';
import { avroType } from './avro-type.ts';

type Part = Readonly<Record<string, unknown>>;

/** Counters and times as the protocol allows them: the ends, and everything between. */
const longs = fc.oneof(
  fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53 - 2, Number.MAX_SAFE_INTEGER),
  // Years 0000 to 9999 in milliseconds.
  fc.constantFrom(Date.UTC(0, 0) - 1_900 * 366 * 86_400_000, -1, 253_402_300_799_999),
  fc.maxSafeNat(),
);
const ints = fc.oneof(fc.constantFrom(0, 2 ** 31 - 1), fc.nat());
const bytesOf = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });

/** Values of one Avro type, with numbers at their ends as likely as others. */
function valuesOf(part: unknown, named: Map<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  if (Array.isArray(part)) return fc.oneof(...part.map((branch) => valuesOf(branch, named)));
  if (typeof part === 'string') return named.get(part) ?? plain(part);
  const { type, name, size, symbols, items, values, fields } = part as Part;
  const inner = (): fc.Arbitrary<unknown> => {
    if (type === 'fixed') return bytesOf(size as number);
    if (type === 'enum') return fc.constantFrom(...(symbols as string[]));
    if (type === 'array') return fc.array(valuesOf(items, named), { maxLength: 3 });
    if (type === 'map')
      return fc.dictionary(fc.constantFrom('a', 'b', 'c'), valuesOf(values, named), { noNullPrototype: true });
    if (type === 'record') {
      const entries = (fields as Part[]).map((field) => [field.name, valuesOf(field.type, named)]);
      return fc.record(Object.fromEntries(entries), { noNullPrototype: true });
    }
    return valuesOf(type, named);
  };
  const found = inner();
  if (typeof name === 'string') named.set(name, found);
  return found;
}

function plain(type: string): fc.Arbitrary<unknown> {
  if (type === 'null') return fc.constant(null);
  if (type === 'long') return longs;
  if (type === 'int') return ints;
  if (type === 'bytes') return bytesOf(0, 40);
  if (type === 'string') return fc.string({ unit: 'grapheme', maxLength: 20 });
  throw new Error(`no values of ${type}`);
}

/** Buffers and arrays of bytes are one thing here; enums and records keep their own prototypes. */
const shown = (value: unknown) =>
  JSON.stringify(value, (_, part) =>
    part?.type === 'Buffer' ? part.data : part instanceof Uint8Array ? [...part] : part,
  );

describe.each(topics.map(({ name, schema }) => [name, schema.avro] as const))('the record of %s', (_, schema) => {
  test('encodes and decodes every value that the protocol allows', () => {
    const type = avroType(schema);
    fc.assert(
      fc.property(valuesOf(schema, new Map()), (value) => {
        expect(shown(type.fromBuffer(type.toBuffer(value)))).toBe(shown(value));
      }),
      { numRuns: 300 },
    );
  });
});

describe('a long', () => {
  const type = avroType({
    type: 'record',
    name: 'Two',
    fields: [
      { name: 'a', type: 'long' },
      { name: 'b', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }], default: null },
    ],
  });

  test.each([0, -1, 2 ** 31, -(2 ** 31) - 1, -(2 ** 52), 2 ** 53 - 2, Number.MAX_SAFE_INTEGER])(
    '%d comes back',
    (n) => {
      expect({ ...type.fromBuffer(type.toBuffer({ a: n, b: n })) }).toEqual({ a: n, b: n });
    },
  );

  test.each([2 ** 53, Number.MIN_SAFE_INTEGER, 0.5, Number.NaN, '1'])('%p is refused instead of changed', (n) => {
    expect(() => type.toBuffer({ a: n, b: null })).toThrow();
    expect(type.isValid({ a: n, b: null })).toBe(false);
  });

  test('one beyond 2^53-1 is refused when it is read', () => {
    // Zigzag of 2^53: 2^54.
    expect(() => type.fromBuffer(Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0]))).toThrow('beyond');
  });
});

test('bytes are a view of what was read, and never more than that', () => {
  const type = avroType('bytes');
  const written = type.toBuffer(Uint8Array.of(1, 2, 3));
  const read = type.fromBuffer(written) as Buffer;
  expect([read.buffer === written.buffer, [...read]]).toEqual([true, [1, 2, 3]]);
  expect(() => type.fromBuffer(written.subarray(0, 3))).toThrow('3 bytes in 2');
  // Zigzag of -1.
  expect(() => type.fromBuffer(Buffer.of(1))).toThrow('-1 bytes in 0');
});
