/** An identifier in SQL. */
export const name = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

/** A text in SQL. */
export const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
