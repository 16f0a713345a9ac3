import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
  FLOAT,
  INTEGER,
  LIST,
  STRUCT,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import type { ColumnType, Value } from '../../../services/pipeline/ports/table.ts';

/** A type of ours in DuckDB, and hence in Parquet. */
export interface DuckColumn {
  readonly type: DuckDBType;
  /** The value as DuckDB takes it. */
  readonly to: (value: Value | undefined) => DuckDBValue;
  /** What DuckDB gave, as ours. */
  readonly from: (value: DuckDBValue) => Value;
}

const PLAIN = { boolean: BOOLEAN, int: INTEGER, long: BIGINT, float: FLOAT, double: DOUBLE, string: VARCHAR } as const;

/** Parquet that everyone reads: timestamps are microseconds in UTC, decimals have up to 38 digits. */
export function duckColumn(type: ColumnType): DuckColumn {
  // What most columns are, asked for every row: nothing more than it takes.
  if (isPlain(type))
    return { type: PLAIN[type], to: (value) => (value ?? null) as DuckDBValue, from: (value) => value as Value };
  const { type: made, to, from } = notNull(type);
  return {
    type: made,
    to: (value) => (value === null || value === undefined ? null : to(value)),
    from: (value) => (value === null ? null : from(value)),
  };
}

const isPlain = (type: ColumnType): type is keyof typeof PLAIN =>
  typeof type === 'string' && Object.hasOwn(PLAIN, type);

interface NotNull {
  readonly type: DuckDBType;
  readonly to: (value: Value) => DuckDBValue;
  readonly from: (value: DuckDBValue) => Value;
}

function notNull(type: Exclude<ColumnType, keyof typeof PLAIN>): NotNull {
  switch (type) {
    case 'bytes':
      return {
        type: BLOB,
        to: (value) => new DuckDBBlobValue(value as Uint8Array),
        from: (value) => new Uint8Array((value as DuckDBBlobValue).bytes),
      };
    case 'date':
      return {
        type: DATE,
        to: (value) => new DuckDBDateValue(value as number),
        from: (value) => (value as DuckDBDateValue).days,
      };
    case 'timestamp':
      return {
        type: TIMESTAMPTZ,
        to: (value) => new DuckDBTimestampTZValue(value as bigint),
        from: (value) => (value as DuckDBTimestampTZValue).micros,
      };
  }
  if (type.kind === 'decimal') {
    const { precision, scale } = type;
    return {
      type: DECIMAL(precision, scale),
      to: (value) => new DuckDBDecimalValue(value as bigint, precision, scale),
      from: (value) => (value as DuckDBDecimalValue).value,
    };
  }
  if (type.kind === 'list') {
    const item = duckColumn(type.of);
    return {
      type: LIST(item.type),
      to: (value) => new DuckDBListValue((value as readonly Value[]).map(item.to)),
      from: (value) => (value as DuckDBListValue).items.map(item.from),
    };
  }
  const fields = type.fields.map((field) => [field.name, duckColumn(field.type)] as const);
  return {
    type: STRUCT(Object.fromEntries(fields.map(([field, { type: inner }]) => [field, inner]))),
    to: (value) => {
      const record = value as Readonly<Record<string, Value>>;
      return new DuckDBStructValue(Object.fromEntries(fields.map(([field, { to }]) => [field, to(record[field])])));
    },
    from: (value) => {
      const { entries } = value as DuckDBStructValue;
      return Object.fromEntries(fields.map(([field, { from }]) => [field, from(entries[field] ?? null)]));
    },
  };
}
