import { z } from 'zod';

/** A typed column taken out of a scope whose text is a JSON object. */
export const extraColumn = z.strictObject({
  scope: z.string().min(1).describe('Scope whose text is a JSON object.'),
  field: z.string().min(1).describe('Member of that object.'),
  type: z
    .string()
    .regex(/^(text|bigint|double|boolean|date|timestamp|decimal\(([1-9]|[12]\d|3[0-8]),\s?([0-9]|[12]\d|3[0-8])\))$/)
    .describe(
      '`text`, `bigint`, `double`, `boolean`, `date`, `timestamp` (UTC) or `decimal(p,s)`. What does not convert is NULL.',
    ),
});

export type ExtraColumns = Readonly<Record<string, z.infer<typeof extraColumn>>>;

/** Columns of every file, in order: name and DuckDB type. `app` and `dt` are in the folder names, as Hive wants it. */
export const BASE_COLUMNS = [
  ['wallet', 'VARCHAR'],
  ['batch_id', 'VARCHAR'],
  ['event_id', 'VARCHAR'],
  ['type', 'VARCHAR'],
  ['time', 'TIMESTAMPTZ'],
  ['session', 'VARCHAR'],
  ['blob', 'VARCHAR'],
  ['signer', 'VARCHAR'],
  ['source', 'VARCHAR'],
  ['seq', 'BIGINT'],
  ['slot', 'INTEGER'],
  ['origin', 'BIGINT'],
  ['partition', 'INTEGER'],
  ['issued_at', 'TIMESTAMPTZ'],
] as const;

export const name = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;
export const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
export const scopeColumn = (scope: string) => `scope_${scope}`;

/** Names that the files have, in order. @throws when two differ by case only: most engines fold it. */
export function columnNames(scopes: readonly string[], extra: ExtraColumns): string[] {
  const names = [...BASE_COLUMNS.map(([column]) => column), ...scopes.map(scopeColumn), ...Object.keys(extra)];
  const folded = new Set(['app', 'dt']);
  for (const column of names) {
    if (folded.has(column.toLowerCase()))
      throw new Error(`Two columns would be named ${column.toLowerCase()}: rename one.`);
    folded.add(column.toLowerCase());
  }
  for (const { scope } of Object.values(extra)) {
    if (!scopes.includes(scope)) throw new Error(`A column reads scope ${scope}, which this export does not read.`);
  }
  return names;
}

/** The SELECT list that adds the typed columns to the columns of the buffer table. */
export function selectList(scopes: readonly string[], extra: ExtraColumns): string {
  const base = [...BASE_COLUMNS.map(([column]) => column), ...scopes.map(scopeColumn)].map(name);
  const typed = Object.entries(extra).map(([column, { scope, field, type }]) => {
    const source = name(scopeColumn(scope));
    const pointer = `/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const value = `CASE WHEN json_valid(${source}) THEN json_extract_string(${source}, ${text(pointer)}) END`;
    const target = { text: 'VARCHAR', timestamp: 'TIMESTAMPTZ' }[type] ?? type.toUpperCase();
    return `TRY_CAST(${value} AS ${target}) AS ${name(column)}`;
  });
  return [...base, ...typed].join(', ');
}
