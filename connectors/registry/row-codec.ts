import { COMMON_COLUMNS } from '../../services/pipeline/ports/row-columns.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import type { Table, Value } from '../../services/pipeline/ports/table.ts';
import { rowSchema } from './row-schema.ts';
import { rowType } from './row-type.ts';
import { conversionOf } from './row-values.ts';

const MAGIC = 0;
const HEAD_BYTES = 5;

/** Grows to the largest row seen; encoding is synchronous, so one is enough for all tables. */
let scratch: Buffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Makes what writes rows of a table as 0x00 ‖ u32 schema id ‖ Avro.
 * @param id of `rowSchema(table)` in the registry
 */
export function rowEncoder(table: Table, id: number): (row: ExportRow) => Uint8Array {
  const type = rowType(rowSchema(table));
  const own = conversionOf(table.columns);
  return (row) => {
    const record = own.to(row.values);
    for (const { name, of } of COMMON_COLUMNS) record[name] = of(row);
    let end = type.encode(record, scratch, HEAD_BYTES);
    if (end < 0) {
      scratch = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(scratch.length - end)));
      end = type.encode(record, scratch, HEAD_BYTES);
    }
    scratch[0] = MAGIC;
    scratch.writeUInt32BE(id, 1);
    return Uint8Array.prototype.slice.call(scratch, 0, end);
  };
}

/** Schema id of a record of the registry. */
export const schemaIdOf = (value: Uint8Array): number =>
  Buffer.from(value.buffer, value.byteOffset, value.byteLength).readUInt32BE(1);

/** Reads what was written with a schema: every column of ours by name, as far as the writer had it. */
export function rowDecoder(
  writer: unknown,
  table: Table,
): (value: Uint8Array) => { readonly common: Record<string, Value>; readonly values: Record<string, Value> } {
  const type = rowType(writer);
  const common = conversionOf(COMMON_COLUMNS);
  const own = conversionOf(table.columns);
  return (value) => {
    const record = type.fromBuffer(Buffer.from(value.subarray(HEAD_BYTES))) as Readonly<Record<string, unknown>>;
    return { common: common.from(record), values: own.from(record) };
  };
}
