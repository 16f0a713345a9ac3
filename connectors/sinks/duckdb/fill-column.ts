import { type DuckDBDataChunk, DuckDBTypeId } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { Value } from '../../../services/pipeline/ports/table.ts';
import type { DuckColumn } from './column-type.ts';

/**
 * Sets a column of a chunk, like `setColumnValues` of DuckDB's client, which keeps a mask of nulls in big integers and so takes longer for a
 * null than for a value, and wants an object for every timestamp. Columns that are mostly null are common here, texts and times in every row.
 * @param values one for each row of the chunk
 */
export function fillColumn(
  chunk: DuckDBDataChunk,
  index: number,
  { type, to }: DuckColumn,
  values: readonly Value[],
): void {
  const assign = ASSIGN.get(type.typeId);
  const nulls = nullMask(values);
  if (!assign && nulls?.count !== values.length) {
    chunk.setColumnValues(index, values.map(to));
    return;
  }
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, index);
  assign?.(vector, values);
  if (nulls === null) return;
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, nulls.bits.buffer, 0, nulls.bits.byteLength);
}

type Assign = (vector: duckdb.Vector, values: readonly Value[]) => void;

function assignTexts(vector: duckdb.Vector, values: readonly Value[]): void {
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row];
    if (typeof value === 'string') duckdb.vector_assign_string_element(vector, row, value);
  }
}

/** Values that lie in a vector as they are: `copied` puts them into an array of its words, 0 for a null. */
const assignWords =
  (copied: (values: readonly Value[]) => { readonly buffer: ArrayBuffer; readonly byteLength: number }): Assign =>
  (vector, values) => {
    const { buffer, byteLength } = copied(values);
    duckdb.copy_data_to_vector(vector, 0, buffer, 0, byteLength);
  };

function numbersInto<A extends Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(
  words: A,
  values: readonly Value[],
): A {
  for (let row = 0; row < values.length; row += 1) words[row] = (values[row] as number | null) ?? 0;
  return words;
}

const assignInt32 = assignWords((values) => numbersInto(new Int32Array(values.length), values));
const assignInt64 = assignWords((values) => {
  const words = new BigInt64Array(values.length);
  for (let row = 0; row < values.length; row += 1) words[row] = (values[row] as bigint | null) ?? 0n;
  return words;
});

const ASSIGN: ReadonlyMap<DuckDBTypeId, Assign> = new Map([
  [DuckDBTypeId.VARCHAR, assignTexts],
  [DuckDBTypeId.INTEGER, assignInt32],
  [DuckDBTypeId.DATE, assignInt32],
  [DuckDBTypeId.DOUBLE, assignWords((values) => numbersInto(new Float64Array(values.length), values))],
  [DuckDBTypeId.BIGINT, assignInt64],
  [DuckDBTypeId.TIMESTAMP_TZ, assignInt64],
]);

interface NullMask {
  /** A bit a row, the first in the lowest; 0: null. Whole words of 64 bits. */
  readonly bits: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

/** Null: there are none. */
function nullMask(values: readonly Value[]): NullMask | null {
  let bits: Uint8Array<ArrayBuffer> | null = null;
  let count = 0;
  for (let row = 0; row < values.length; row += 1) {
    if (values[row] !== null) continue;
    bits ??= new Uint8Array(Math.ceil(values.length / 64) * 8).fill(0xff);
    bits[row >> 3] = (bits[row >> 3] as number) & ~(1 << (row & 7));
    count += 1;
  }
  return bits && { bits, count };
}
