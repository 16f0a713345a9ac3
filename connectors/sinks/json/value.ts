import type { Column, ColumnType, Value } from '../../../services/pipeline/ports/table.ts';

const DAY_MS = 86_400_000;

/** What was read where a number stood: itself, or all its digits. */
const digitsOf = (json: unknown): string => String(json);

/** Of an instant with up to six digits behind the second. */
export function instantOf(text: string): bigint {
  const [, seconds = '', fraction = ''] = /^(.*?)(?:\.(\d{1,6}))?Z$/.exec(text) ?? [];
  return BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0'));
}

/** Of a number without an exponent. */
export function decimalOf(text: string, scale: number): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(scale, '0'));
}

/**
 * What `jsonText` wrote, read again: from JSON in which numbers are numbers, or texts of their digits where doubles would not hold them.
 * Not for what others wrote: nothing is checked.
 */
export function jsonValue(type: ColumnType, json: unknown): Value {
  if (json === null || json === undefined) return null;
  switch (type) {
    case 'boolean':
      return json === true || json === 'true';
    case 'int':
    case 'float':
    case 'double':
      return Number(json);
    case 'long':
      return BigInt(digitsOf(json));
    case 'string':
      return String(json);
    case 'bytes':
      return new Uint8Array(Buffer.from(String(json), 'base64'));
    case 'date':
      return Date.parse(String(json)) / DAY_MS;
    case 'timestamp':
      return instantOf(String(json));
  }
  if (type.kind === 'decimal') return decimalOf(digitsOf(json), type.scale);
  if (type.kind === 'list') return (json as readonly unknown[]).map((item) => jsonValue(type.of, item));
  return jsonValues(type.fields, json as Readonly<Record<string, unknown>>);
}

/** The values of these columns out of an object; what is absent is null. */
export function jsonValues(columns: readonly Column[], json: Readonly<Record<string, unknown>>): Record<string, Value> {
  return Object.fromEntries(columns.map(({ name, type }) => [name, jsonValue(type, json[name])]));
}
