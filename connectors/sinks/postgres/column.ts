import type { ColumnType, Value } from '../../../services/pipeline/ports/table.ts';
import { decimalText, jsonText } from '../json/text.ts';
import { dayOf, instantOf } from './instant.ts';

/** A type of ours in PostgreSQL. */
export interface SqlColumn {
  /** As in `CREATE TABLE`. */
  readonly type: string;
  /** The value as text that a cast to that type takes. */
  readonly text: (value: Value) => string;
}

const number = (value: Value): string => String(value);

const PLAIN: Readonly<Record<string, SqlColumn>> = {
  boolean: { type: 'boolean', text: number },
  int: { type: 'integer', text: number },
  long: { type: 'bigint', text: number },
  float: { type: 'real', text: number },
  double: { type: 'double precision', text: number },
  string: { type: 'text', text: (value) => value as string },
  bytes: { type: 'bytea', text: (value) => `\\x${Buffer.from(value as Uint8Array).toString('hex')}` },
  date: { type: 'date', text: (value) => dayOf(value as number) },
  timestamp: { type: 'timestamp with time zone', text: (value) => instantOf(value as bigint) },
};

/** One element of an array literal; anything may be put in quotes. */
export const element = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/**
 * Scalars as themselves, so that SQL calculates with them. A list of scalars is an array: typed like its items, `= ANY` and `unnest` work on
 * it. Records, lists of records and lists of lists are `jsonb`: PostgreSQL has no arrays of unequal length in arrays, and composite types
 * would have to be changed with every version.
 */
export function sqlColumn(type: ColumnType): SqlColumn {
  if (typeof type === 'string') return PLAIN[type] as SqlColumn;
  if (type.kind === 'decimal') {
    const { precision, scale } = type;
    return { type: `numeric(${precision},${scale})`, text: (value) => decimalText(value as bigint, scale) };
  }
  const isArray = type.kind === 'list' && (typeof type.of === 'string' || type.of.kind === 'decimal');
  if (!isArray) return { type: 'jsonb', text: jsonText(type) };
  const item = sqlColumn(type.of);
  const text = (value: Value) => (value === null ? 'NULL' : element(item.text(value)));
  return { type: `${item.type}[]`, text: (value) => `{${(value as readonly Value[]).map(text).join(',')}}` };
}
