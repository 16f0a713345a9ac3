import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import {
  type Column,
  type ColumnType,
  REJECTED_COLUMNS,
  REJECTED_TABLE,
  type Table,
  type Value,
} from '../../services/pipeline/ports/table.ts';

/** What a target cannot hold, by type: each says why a value does not fit, or null. */
export interface Limits {
  readonly string?: (value: string) => string | null;
  readonly float?: (value: number) => string | null;
  readonly decimal?: (unscaled: bigint, type: { readonly precision: number; readonly scale: number }) => string | null;
  readonly timestamp?: (micros: bigint) => string | null;
  readonly date?: (days: number) => string | null;
}

type Check = (value: Value) => string | null;

/** Null where every value of the type fits. */
function checkOf(type: ColumnType, limits: Limits): Check | null {
  if (typeof type === 'string') {
    const check = type === 'double' ? limits.float : limits[type as keyof Limits];
    return (check as Check | undefined) ?? null;
  }
  if (type.kind === 'decimal') {
    const { decimal } = limits;
    return decimal ? (value) => decimal(value as bigint, type) : null;
  }
  if (type.kind === 'record') {
    const find = checksOf(type.fields, limits);
    return find && ((value) => find(value as Readonly<Record<string, Value>>));
  }
  const item = checkOf(type.of, limits);
  if (!item) return null;
  return (value) => {
    for (const one of value as readonly Value[]) {
      const why = one === null ? null : item(one);
      if (why !== null) return why;
    }
    return null;
  };
}

function checksOf(columns: readonly Column[], limits: Limits) {
  const checks = columns.flatMap(({ name, type }) => {
    const check = checkOf(type, limits);
    return check ? [{ name, check }] : [];
  });
  if (checks.length === 0) return null;
  return (values: Readonly<Record<string, Value>>): string | null => {
    for (const { name, check } of checks) {
      const value = values[name] ?? null;
      const why = value === null ? null : check(value);
      if (why !== null) return `${name} ${why}`;
    }
    return null;
  };
}

/** Makes what tells why a row of this table does not fit into the target; null: it does. */
export function findUnfit(table: Table, limits: Limits): (row: ExportRow) => string | null {
  const find = checksOf(table.columns, limits);
  return (row) => find?.(row.values) ?? null;
}

const REJECTED: Table = { name: REJECTED_TABLE, version: 0, columns: REJECTED_COLUMNS };

/** The same event in `_rejected`: where it was meant for, and why it is not there. */
export function rejected(row: ExportRow, reason: string, detail: string): ExportRow {
  return { ...row, table: REJECTED, values: { of: row.table.name, reason, detail } };
}
