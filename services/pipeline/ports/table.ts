/**
 * Type of a column, the same for every target. A value of it in JavaScript:
 * `boolean`; `int`, `float`, `double`: number; `long`: bigint; `string`: string; `bytes`: Uint8Array;
 * `date`: number, days since 1970-01-01; `timestamp`: bigint, microseconds since the epoch, UTC; decimal: bigint, the unscaled number;
 * list: array; record: object. Any of them may be null.
 */
export type ColumnType =
  | 'boolean'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'string'
  | 'bytes'
  | 'date'
  | 'timestamp'
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'list'; readonly of: ColumnType }
  | { readonly kind: 'record'; readonly fields: readonly Column[] };

export interface Column {
  /** Lower-case snake case as far as the schema says so: `[A-Za-z_][A-Za-z0-9_]*`, unique in its table also when case is folded. */
  readonly name: string;
  readonly type: ColumnType;
}

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [field: string]: Value };

/**
 * What rows of one kind look like beyond the columns that every row has: a table, a topic, an index, a folder. One per event type with a schema,
 * one for all events without, one for what did not fit. Of the same table and version, the columns are the same; a later version only adds some.
 */
export interface Table {
  /** `[A-Za-z0-9_.-]{1,64}`. */
  readonly name: string;
  /** Of the app's schema; 0 where there is none. */
  readonly version: number;
  readonly columns: readonly Column[];
}

/** Events whose type has no schema: a text column `scope_<name>` per scope. */
export const EVENTS_TABLE = 'events';
/** What did not fit its schema, with the reason: never dropped, never turned into null. */
export const REJECTED_TABLE = '_rejected';
/** Of `_rejected`: `reason` a stable code, `detail` for people, `of` the table that the row was meant for. */
export const REJECTED_COLUMNS: readonly Column[] = [
  { name: 'of', type: 'string' },
  { name: 'reason', type: 'string' },
  { name: 'detail', type: 'string' },
];
