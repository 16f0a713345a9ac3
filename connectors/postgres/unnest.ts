import { type RawBuilder, sql } from 'kysely';

/** A column's name and its SQL type without `[]`. */
export type ColumnTypes<T> = { readonly [K in keyof T]: string };

/**
 * `unnest($1::type[], $2::type[] …)`: any number of rows as one statement with one parameter a column, in the order of `types`.
 * Arrays of arrays do not fit; pass such a column as joined text.
 */
export function unnest<T>(rows: readonly T[], types: ColumnTypes<T>): RawBuilder<unknown> {
  const columns = Object.entries(types) as [keyof T & string, string][];
  const arrays = columns.map(([column, type]) => sql`${rows.map((row) => row[column])}::${sql.raw(type)}[]`);
  return sql`unnest(${sql.join(arrays)})`;
}

/** The columns of `types` as a list of names. */
export function columnList<T>(types: ColumnTypes<T>): RawBuilder<unknown> {
  return sql.join(Object.keys(types).map((column) => sql.ref(column)));
}
