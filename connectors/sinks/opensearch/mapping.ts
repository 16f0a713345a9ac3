import { COMMON_COLUMNS } from '../../../services/pipeline/ports/row-columns.ts';
import type { Column, ColumnType, Table } from '../../../services/pipeline/ports/table.ts';
import { fieldName } from './names.ts';

/** Up to so many digits a decimal is a number, not a text. */
export const NUMBER_DIGITS = 18;
/** A keyword may have 32,766 bytes, and a character up to four: longer ones are kept and shown, and not found. */
const LONGEST_KEYWORD = 8_191;

type Mapping = Readonly<Record<string, unknown>>;

const PLAIN: Readonly<Record<string, Mapping>> = {
  boolean: { type: 'boolean' },
  int: { type: 'integer' },
  long: { type: 'long' },
  float: { type: 'float' },
  double: { type: 'double' },
  string: { type: 'keyword', ignore_above: LONGEST_KEYWORD },
  bytes: { type: 'binary' },
  date: { type: 'date', format: 'strict_date' },
  // `date` counts milliseconds in all years; `.nanos` has the microseconds too, of the years 1970 to 2262.
  timestamp: {
    type: 'date',
    format: 'strict_date_optional_time',
    fields: { nanos: { type: 'date_nanos', format: 'strict_date_optional_time_nanos', ignore_malformed: true } },
  },
};

/**
 * Decimals of up to 18 digits are `scaled_float`, a whole number inside, so that sums and ranges are those of the digits. Longer ones are keywords: a
 * number would be rounded to a double. Lists of records are `nested`, so that what stands together in one is found together.
 */
function mappingOf(type: ColumnType): Mapping {
  if (typeof type === 'string') return PLAIN[type] as Mapping;
  if (type.kind === 'decimal') {
    const { precision, scale } = type;
    return precision <= NUMBER_DIGITS ? { type: 'scaled_float', scaling_factor: 10 ** scale } : { type: 'keyword' };
  }
  if (type.kind === 'record') return { properties: properties(type.fields) };
  const item = type.of;
  const isRecord = typeof item !== 'string' && item.kind === 'record';
  return isRecord ? { type: 'nested', ...mappingOf(item) } : mappingOf(item);
}

const properties = (columns: readonly Column[]): Mapping =>
  Object.fromEntries(columns.map(({ name, type }) => [name, mappingOf(type)]));

/** Texts without a schema hold JSON: words in them are found. */
const untyped = (table: Table, { name, type }: Column) =>
  type === 'string' && (table.version === 0 || name === 'extra');

/** Every field of the documents of a table. */
export function fieldsOf(table: Table): Mapping {
  const own = table.columns.map((column) => [
    fieldName(column.name),
    untyped(table, column) ? { type: 'text' } : mappingOf(column.type),
  ]);
  return { ...properties(COMMON_COLUMNS), ...Object.fromEntries(own) };
}

export const settingsOf = (shards: number, replicas: number): Mapping => ({
  'index.number_of_shards': shards,
  'index.number_of_replicas': replicas,
  // What was acknowledged is on disk.
  'index.translog.durability': 'request',
  'index.mapping.total_fields.limit': 10_000,
  'index.mapping.nested_fields.limit': 1_000,
  'index.mapping.depth.limit': 50,
});
