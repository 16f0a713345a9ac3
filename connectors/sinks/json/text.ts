import type { Column, ColumnType, Value } from '../../../services/pipeline/ports/table.ts';

const DAY_MS = 86_400_000;

/** `YYYY-MM-DD` of days since 1970-01-01. */
export const dayText = (days: number): string => new Date(days * DAY_MS).toISOString().slice(0, 10);

/** ISO 8601 in UTC with six digits behind the second. */
export function instantText(micros: bigint): string {
  const rest = ((micros % 1000n) + 1000n) % 1000n;
  const iso = new Date(Number((micros - rest) / 1000n)).toISOString();
  return `${iso.slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

/** The digits of a decimal with its point: no exponent, no loss. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const numberText = (value: Value): string => String(value);

/**
 * Makes what writes the values of one type as JSON: numbers as all their digits (`long` and decimals too: a reader that keeps them in
 * doubles loses some), bytes as base64, days as `YYYY-MM-DD`, timestamps in ISO 8601 with microseconds, lists and records as such.
 */
export function jsonText(type: ColumnType): (value: Value | undefined) => string {
  const write = textOf(type);
  return (value) => (value === null || value === undefined ? 'null' : write(value));
}

function textOf(type: ColumnType): (value: Value) => string {
  switch (type) {
    case 'boolean':
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return numberText;
    case 'string':
      return JSON.stringify;
    case 'bytes':
      return (value) => `"${Buffer.from(value as Uint8Array).toString('base64')}"`;
    case 'date':
      return (value) => `"${dayText(value as number)}"`;
    case 'timestamp':
      return (value) => `"${instantText(value as bigint)}"`;
  }
  if (type.kind === 'decimal') return (value) => decimalText(value as bigint, type.scale);
  if (type.kind === 'record') return jsonObject(type.fields);
  const item = jsonText(type.of);
  return (value) => `[${(value as readonly Value[]).map(item).join(',')}]`;
}

/** Makes what writes values by column as the members of an object, every column of them, in order. */
export function jsonMembers(columns: readonly Column[]): (values: Readonly<Record<string, Value>>) => string {
  const members = columns.map(({ name, type }) => ({ name, key: `${JSON.stringify(name)}:`, write: jsonText(type) }));
  return (values) => members.map(({ name, key, write }) => key + write(values[name])).join(',');
}

function jsonObject(fields: readonly Column[]): (value: Value) => string {
  const write = jsonMembers(fields);
  return (value) => `{${write(value as Readonly<Record<string, Value>>)}}`;
}
