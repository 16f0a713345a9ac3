import { type DuckDBDataChunk, type DuckDBType, DuckDBTypeId, type DuckDBValue } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';

/**
 * Sets a column of a chunk, like `setColumnValues` of DuckDB's client, which keeps a mask of nulls in big integers and so takes longer for a
 * null than for a value: columns that are mostly null are common here, and texts are what most columns are.
 * @param values one for each row of the chunk
 */
export function fillColumn(
  chunk: DuckDBDataChunk,
  index: number,
  type: DuckDBType,
  values: readonly DuckDBValue[],
): void {
  const isText = type.typeId === DuckDBTypeId.VARCHAR;
  const nulls = nullMask(values);
  if (!isText && nulls?.count !== values.length) {
    chunk.setColumnValues(index, values);
    return;
  }
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, index);
  if (isText) assignTexts(vector, values);
  if (nulls === null) return;
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, nulls.bits.buffer, 0, nulls.bits.byteLength);
}

function assignTexts(vector: duckdb.Vector, values: readonly DuckDBValue[]): void {
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row];
    if (typeof value === 'string') duckdb.vector_assign_string_element(vector, row, value);
  }
}

interface NullMask {
  /** A bit a row, the first in the lowest; 0: null. Whole words of 64 bits. */
  readonly bits: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

/** Null: there are none. */
function nullMask(values: readonly DuckDBValue[]): NullMask | null {
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
