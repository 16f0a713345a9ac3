import type { SeenRow } from '../../services/pipeline/define-sink.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import type { Value } from '../../services/pipeline/ports/table.ts';

type Values = Readonly<Record<string, Value>>;

/** A value without what is null in it: targets may leave it away. */
function compact(value: Value): Value {
  if (Array.isArray(value)) return value.map(compact);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return compactValues(value as Values);
}

const compactValues = (values: Values): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, compact(value)]])),
  );

/** What a target shows, in the order of the log, to be compared with `shown`. */
export const seen = (rows: readonly SeenRow[]): SeenRow[] =>
  rows
    .map((row) => ({ ...row, values: compactValues(row.values) }))
    .sort((a, b) => a.partition - b.partition || a.origin - b.origin || a.slot - b.slot);

/** What a target must show when it was given these rows. */
export const shown = (rows: readonly ExportRow[]): SeenRow[] =>
  seen(rows.map((row) => ({ ...row, table: row.table.name })));
