import { createHash } from 'node:crypto';
import { COMMON_COLUMNS } from '../../services/pipeline/ports/row-columns.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import type { ColumnType, Table, Value } from '../../services/pipeline/ports/table.ts';

/**
 * A value as JSON that every engine can write: numbers of `int`, `float` and `double` as numbers, `long`, decimals (unscaled) and timestamps
 * (microseconds) as texts of digits, dates as days since 1970, bytes in hex.
 */
export function plain(type: ColumnType, value: Value | undefined): unknown {
  if (value === null || value === undefined) return null;
  if (type === 'float') return Math.fround(value as number);
  if (type === 'bytes') return Buffer.from(value as Uint8Array).toString('hex');
  if (type === 'long' || type === 'timestamp') return BigInt(value as bigint).toString();
  if (typeof type === 'string') return value;
  if (type.kind === 'decimal') return (value as bigint).toString();
  if (type.kind === 'list') return (value as readonly Value[]).map((item) => plain(type.of, item));
  const of = value as Readonly<Record<string, Value>>;
  return type.fields.map((field) => plain(field.type, of[field.name]));
}

/** Where our side numbers rows, which nobody who sends events knows: everything else of a row is foreseen. */
const UNFORESEEN = new Set(['origin', 'partition']);
export const FORESEEN = COMMON_COLUMNS.filter(({ name }) => !UNFORESEEN.has(name));

/** Of a row, the columns that every row has. */
export type ForeseenRow = Omit<ExportRow, 'table' | 'values' | 'origin' | 'partition'>;

/** A row as one text: equal if and only if every value is. */
export function rowText(table: Table, row: ForeseenRow, values: Readonly<Record<string, Value | undefined>>): string {
  return JSON.stringify([
    table.name,
    ...FORESEEN.map(({ type, of }) => plain(type, of(row as ExportRow))),
    ...table.columns.map(({ name, type }) => plain(type, values[name])),
  ]);
}

/** What names a row in its text: batch and slot. */
export function nameOf(text: string): string {
  const cells = JSON.parse(text) as unknown[];
  const cell = (name: string) => String(cells[1 + FORESEEN.findIndex((column) => column.name === name)]);
  return `${cell('batch_id')}/${cell('slot')}`;
}

const BITS = 2n ** 128n;

/** The sum of the rows' hashes: the same whatever their order, another one when one of them is there twice. */
export function checksum(texts: Iterable<string>): string {
  let sum = 0n;
  for (const text of texts)
    sum = (sum + BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 32)}`)) % BITS;
  return sum.toString(16).padStart(32, '0');
}
