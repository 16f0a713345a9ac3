import { exactText, mayHoldDigits } from '../../pipeline/exact-json.ts';
import type { Value } from '../../pipeline/ports/table.ts';
import type { SchemaField } from '../../pipeline/typed/kind.ts';
import { EXTRA_COLUMN } from '../../pipeline/typed/names.ts';
import type { TypedTable } from '../../pipeline/typed/typed-table.ts';
import type { OpenedEvent, RowMaker } from '../opened-event.ts';
import { compileValue, keep, type Leftovers, type ToValue, unknownOf } from './map-value.ts';
import { type EventMembers, membersOf } from './members.ts';
import { rejectedRow } from './rejected.ts';
import { Unfit } from './unfit.ts';

interface EventColumn extends Pick<SchemaField, 'name' | 'nullable' | 'scope'> {
  readonly to: ToValue;
}

/** Makes rows of a type that has a schema. What does not fit is a row of `_rejected`, never a null. */
export function typedRows({ table, schema }: TypedTable): RowMaker {
  const columns = schema.fields.map(({ kind, ...field }) => ({ ...field, to: compileValue(kind) }));
  const names = new Set(columns.map(({ name }) => name));
  /** Copied for every row, whose members then have their places from the start. */
  const blank: Readonly<Record<string, Value>> = Object.fromEntries(
    [...names, EXTRA_COLUMN].map((name) => [name, null]),
  );

  function valuesOf({ scopes, closed }: OpenedEvent): Record<string, Value> {
    const members = membersOf(scopes);
    const left: Leftovers = { taken: null };
    const values: Record<string, Value> = { ...blank };
    let extra: Record<string, unknown> | null = null;
    let found = 0;
    for (const column of columns) {
      const { name } = column;
      if (Object.hasOwn(members.all, name)) found += 1;
      try {
        values[name] = columnValue(column, members, closed, left);
      } catch (error) {
        throw error instanceof Unfit ? error.within(`.${name}`) : error;
      }
      extra = keep(extra, name, left);
    }
    if (found < Object.keys(members.all).length) extra = { ...extra, ...unknownOf(members.all, names) };
    values[EXTRA_COLUMN] = extra && textOf(extra, scopes);
    return values;
  }

  return (event) => {
    try {
      return { table, values: valuesOf(event) };
    } catch (error) {
      if (error instanceof Unfit) return rejectedRow(event, error.code, error.detail);
      // What recursion over JSON answers that nests deeper than the stack is.
      if (error instanceof RangeError) return rejectedRow(event, 'too_deep', new Unfit('too_deep', undefined).detail);
      throw error;
    }
  };
}

function columnValue(column: EventColumn, members: EventMembers, closed: readonly string[], left: Leftovers): Value {
  const { name, nullable, scope, to } = column;
  if (Object.hasOwn(members.all, name)) {
    if (scope !== null && !members.in(scope, name)) throw new Unfit('wrong_scope', undefined);
    const value = members.all[name];
    if (value !== null) return to(value, left);
    if (nullable) return null;
    throw new Unfit('required', undefined);
  }
  // Whether it is there is more than this export may know.
  const isHidden = scope === null ? closed.length > 0 : closed.includes(scope);
  if (nullable || isHidden) return null;
  throw new Unfit('required', undefined);
}

/** JSON of what is left, with the digits that were written. */
function textOf(extra: Record<string, unknown>, scopes: OpenedEvent['scopes']): string {
  return Object.values(scopes).some(mayHoldDigits) ? exactText(extra) : JSON.stringify(extra);
}
