import { expect, it } from '@jest/globals';
import { EVENTS, KIND_VALUES, KINDS } from '../../test/contract/sink-tables.ts';
import { rowDecoder, rowEncoder, schemaIdOf } from './row-codec.ts';
import { rowSchema } from './row-schema.ts';
import { decimalBytes, decimalOf } from './row-values.ts';

const row = {
  ...{ app: 'a1', wallet: 'b2', batchId: 'c3', eventId: 'e', type: 't', time: -1, session: null, blob: null },
  ...{ signer: 'wallet' as const, source: 's', seq: 1, slot: 0, origin: 2, partition: 3, issuedAt: 4, verified: true },
};

it('gives every value of every type back', () => {
  const encode = rowEncoder(KINDS, 7);
  const decode = rowDecoder(rowSchema(KINDS), KINDS);
  for (const values of KIND_VALUES) {
    const value = encode({ ...row, table: KINDS, values });
    expect(schemaIdOf(value)).toBe(7);
    const decoded = decode(value);
    expect(decoded.values).toEqual(values);
    expect(decoded.common).toMatchObject({ app: 'a1', seq: 1n, time: -1000n, session: null, verified: true });
  }
});

it('writes a row that is larger than what it has room for', () => {
  const values = { scope_purchase: 'naïve'.repeat(100_000), scope___default_scope: null };
  const decode = rowDecoder(rowSchema(EVENTS), EVENTS);
  expect(decode(rowEncoder(EVENTS, 1)({ ...row, table: EVENTS, values })).values).toEqual(values);
});

it('writes longs across the end of its room as well', () => {
  const table = { name: 't', version: 1, columns: [{ name: 'longs', type: { kind: 'list', of: 'long' } }] } as const;
  const values = { longs: Array.from({ length: 120_000 }, (_, i) => (i % 2 ? 1n : -1n) * (2n ** 62n + BigInt(i))) };
  expect(rowDecoder(rowSchema(table), table)(rowEncoder(table, 1)({ ...row, table, values })).values).toEqual(values);
});

it.each([
  [0n, '00'],
  [127n, '7f'],
  [128n, '0080'],
  [-128n, '80'],
  [-129n, 'ff7f'],
])('writes the decimal %s as %s', (unscaled, hex) => {
  expect(Buffer.from(decimalBytes(unscaled)).toString('hex')).toBe(hex);
  expect(decimalOf(decimalBytes(unscaled))).toBe(unscaled);
});
