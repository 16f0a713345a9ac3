import type { Column, ColumnType, Value } from '../../services/pipeline/ports/table.ts';

/** Between a value of ours and what `rowType` takes; null stays null. */
interface Conversion {
  readonly to: (value: Value | undefined) => unknown;
  readonly from: (value: unknown) => Value;
}

/** Two's complement, big-endian, as short as it can be. */
export function decimalBytes(unscaled: bigint): Uint8Array {
  let length = 1;
  while (BigInt.asIntN(length * 8, unscaled) !== unscaled) length += 1;
  const hex = BigInt.asUintN(length * 8, unscaled).toString(16);
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex');
}

export const decimalOf = (bytes: Uint8Array): bigint =>
  bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));

/** Values of these columns by name; what is absent is null. */
export function conversionOf(columns: readonly Column[]): {
  readonly to: (values: Readonly<Record<string, Value | undefined>>) => Record<string, unknown>;
  readonly from: (record: Readonly<Record<string, unknown>>) => Record<string, Value>;
} {
  const fields = columns.map(({ name, type }) => ({ name, ...conversion(type) }));
  return {
    to(values) {
      const record: Record<string, unknown> = {};
      for (const { name, to } of fields) record[name] = to(values[name]);
      return record;
    },
    from: (record) => Object.fromEntries(fields.map(({ name, from }) => [name, from(record[name] ?? null)])),
  };
}

function conversion(type: ColumnType): Conversion {
  const { to, from } = notNull(type);
  return {
    to: (value) => (value === null || value === undefined ? null : to(value)),
    from: (value) => (value === null ? null : from(value)),
  };
}

function notNull(type: ColumnType): { to: (value: Value) => unknown; from: (value: unknown) => Value } {
  if (type === 'bytes') return { to: (value) => value, from: (value) => new Uint8Array(value as Uint8Array) };
  if (typeof type === 'string') return { to: (value) => value, from: (value) => value as Value };
  if (type.kind === 'decimal') {
    return { to: (value) => decimalBytes(value as bigint), from: (value) => decimalOf(value as Uint8Array) };
  }
  if (type.kind === 'list') {
    const item = conversion(type.of);
    return {
      to: (value) => (value as readonly Value[]).map(item.to),
      from: (value) => (value as readonly unknown[]).map(item.from),
    };
  }
  const record = conversionOf(type.fields);
  return {
    to: (value) => record.to(value as Readonly<Record<string, Value>>),
    from: (value) => record.from(value as Readonly<Record<string, unknown>>),
  };
}
