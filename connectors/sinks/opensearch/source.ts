import { COMMON_COLUMNS } from '../../../services/pipeline/ports/row-columns.ts';
import type { ExportRow } from '../../../services/pipeline/ports/sink.ts';
import type { Column, ColumnType, Table, Value } from '../../../services/pipeline/ports/table.ts';
import { decimalText, jsonText } from '../json/text.ts';
import type { Limits } from '../unfit.ts';
import { NUMBER_DIGITS } from './mapping.ts';
import { documentId, fieldName } from './names.ts';

/** A decimal whose digits, as a whole number, are within this is the same after it was scaled as a double. */
const EXACT = 2n ** 51n;
const FIRST_DAY = Date.parse('0000-01-01') / 86_400_000;
const LAST_DAY = Date.parse('9999-12-31') / 86_400_000;
const DAY_MICROS = 86_400_000_000n;

/** What OpenSearch cannot hold as what it is. */
export const LIMITS: Limits = {
  string: (value) => (value.isWellFormed() ? null : 'holds half of a surrogate pair, which is no UTF-8'),
  float: (value) => (Number.isFinite(value) ? null : 'is no finite number'),
  decimal: (unscaled, { precision, scale }) => {
    const fits = precision > NUMBER_DIGITS || (unscaled <= EXACT && unscaled >= -EXACT);
    return fits ? null : `is ${decimalText(unscaled, scale)}, of which OpenSearch would lose digits`;
  },
  timestamp: (micros) => {
    const fits = micros >= BigInt(FIRST_DAY) * DAY_MICROS && micros < BigInt(LAST_DAY + 1) * DAY_MICROS;
    return fits ? null : 'is not within the years 0 to 9999';
  },
  date: (days) => (days >= FIRST_DAY && days <= LAST_DAY ? null : 'is not within the years 0 to 9999'),
};

/** As JSON; decimals that are keywords as texts: clients would read numbers of so many digits as doubles. */
function sourceText(type: ColumnType): (value: Value | undefined) => string {
  if (typeof type === 'string') return jsonText(type);
  const write = writerOf(type);
  return (value) => (value === null || value === undefined ? 'null' : write(value));
}

function writerOf(type: Exclude<ColumnType, string>): (value: Value) => string {
  if (type.kind === 'decimal') {
    const quote = type.precision > NUMBER_DIGITS ? '"' : '';
    return (value) => `${quote}${decimalText(value as bigint, type.scale)}${quote}`;
  }
  if (type.kind === 'list') {
    const item = sourceText(type.of);
    return (value) => `[${(value as readonly Value[]).map(item).join(',')}]`;
  }
  const members = type.fields.map(memberOf);
  return (value) => {
    const record = value as Readonly<Record<string, Value>>;
    return `{${members.map(({ name, key, write }) => key + write(record[name])).join(',')}}`;
  };
}

const memberOf = ({ name, type }: Column) => ({ name, key: `${JSON.stringify(name)}:`, write: sourceText(type) });

/** Makes what writes rows of a table as lines of `_bulk`. */
export function bulkLines(table: Table): (row: ExportRow, index: string) => string {
  const common = COMMON_COLUMNS.map(({ name, type, of }) => ({
    key: `${JSON.stringify(name)}:`,
    write: jsonText(type),
    of,
  }));
  const own = table.columns.map(({ name, type }) => ({
    name,
    key: `${JSON.stringify(fieldName(name))}:`,
    write: sourceText(type),
  }));
  return (row, index) => {
    // Whoever delivers the same row again finds this version, or a later one: 409, it is there.
    const where = { _index: index, _id: documentId(row), version: row.origin + 1, version_type: 'external' };
    const members = [
      ...common.map(({ key, write, of }) => key + write(of(row))),
      ...own.map(({ name, key, write }) => key + write(row.values[name])),
    ];
    return `${JSON.stringify({ index: where })}\n{${members.join(',')}}\n`;
  };
}
