import { FatalError } from '../pipeline/errors.ts';
import { EVENTS_TABLE, type Table, type Value } from '../pipeline/ports/table.ts';
import type { RowMaker } from './opened-event.ts';

/** The text column of a scope: its name, with what no column may have made `_`. */
export const scopeColumn = (scope: string): string => `scope_${scope.replace(/[^A-Za-z0-9_]/g, '_')}`;

/** The table of events whose type has no schema. @throws FatalError `two_columns` when two scopes would share one in an engine that folds case */
export function eventsTable(scopes: readonly string[]): Table {
  const folded = new Map<string, string>();
  for (const scope of scopes) {
    const column = scopeColumn(scope).toLowerCase();
    const other = folded.get(column);
    if (other !== undefined) {
      throw new FatalError(
        'two_columns',
        `Scopes ${other} and ${scope} would both be the column ${column}: export them to two exports.`,
      );
    }
    folded.set(column, scope);
  }
  return {
    name: EVENTS_TABLE,
    version: 0,
    columns: scopes.map((scope) => ({ name: scopeColumn(scope), type: 'string' as const })),
  };
}

/** Rows of that table: the text of each scope as it was signed. */
export function untypedRows(scopes: readonly string[]): RowMaker {
  const table = eventsTable(scopes);
  const columns = scopes.map((scope) => [scope, scopeColumn(scope)] as const);
  return ({ scopes: texts }) => {
    const values: Record<string, Value> = {};
    for (const [scope, column] of columns) values[column] = Object.hasOwn(texts, scope) ? (texts[scope] ?? null) : null;
    return { table, values };
  };
}
