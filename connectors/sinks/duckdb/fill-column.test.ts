import { type DuckDBConnection, DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ColumnType, Value } from '../../../services/pipeline/ports/table.ts';
import { duckColumn } from './column-type.ts';
import { fillColumn } from './fill-column.ts';

let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

const int64 = fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 2n });
const of = (inner: fc.Arbitrary<Value>): fc.Arbitrary<Value> => inner;
const COLUMNS: [ColumnType, fc.Arbitrary<Value>][] = [
  ['boolean', of(fc.boolean())],
  ['int', of(fc.integer())],
  ['long', of(int64)],
  ['float', of(fc.float({ noNaN: true }))],
  ['double', of(fc.double({ noNaN: true }))],
  ['string', of(fc.string({ unit: 'grapheme' }))],
  ['bytes', of(fc.uint8Array())],
  ['date', of(fc.integer({ min: -719_162, max: 2_932_896 }))],
  ['timestamp', of(fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n }))],
  [{ kind: 'decimal', precision: 18, scale: 2 }, of(fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n }))],
  [{ kind: 'list', of: 'timestamp' }, of(fc.array(fc.bigInt({ min: 0n, max: 2n ** 50n }), { maxLength: 3 }))],
];

test.each(COLUMNS)('a column of %j comes back, nulls where they were', async (columnType, value) => {
  const column = duckColumn(columnType);
  const values = fc.oneof(
    fc.array(fc.option(value), { minLength: 1, maxLength: 200 }),
    fc.array(value, { minLength: 1, maxLength: 70 }),
    fc.array(fc.constant(null), { minLength: 1, maxLength: 70 }),
  );
  await fc.assert(
    fc.asyncProperty(values, async (given) => {
      const chunk = DuckDBDataChunk.create([column.type], given.length);
      fillColumn(chunk, 0, column, given);
      await connection.run(`CREATE OR REPLACE TABLE filled (it ${column.type})`);
      const appender = await connection.createAppender('filled');
      appender.appendDataChunk(chunk);
      appender.closeSync();
      const reader = await connection.runAndReadAll('SELECT it FROM filled');
      expect(reader.getRows().map(([it]) => column.from(it ?? null))).toEqual(given);
    }),
    { numRuns: 40 },
  );
});
