import type { AppSchema } from '../ports/app-schemas.ts';
import type { Column, Table } from '../ports/table.ts';
import { evolutionProblems } from './evolution.ts';
import { columnOf, type EventSchema } from './kind.ts';
import { EXTRA_COLUMN } from './names.ts';
import type { SchemaProblem } from './problems.ts';
import { readSchema } from './read-schema.ts';

/** The table of a type, as its latest version has it. */
export interface TypedTable {
  readonly table: Table;
  readonly schema: EventSchema;
}

/** A version that nothing is made of: whoever registered it went past what `ddc schemas add` checks. */
export interface UnusableVersion {
  readonly version: number;
  readonly problems: readonly SchemaProblem[];
}

const EXTRA: Column = { name: EXTRA_COLUMN, type: 'string' };

/** The versions of one type, the earliest first → the table of the last that can be used; null when none can. */
export function typedTable(versions: readonly AppSchema[]): {
  readonly latest: TypedTable | null;
  readonly unusable: readonly UnusableVersion[];
} {
  const unusable: UnusableVersion[] = [];
  let latest: TypedTable | null = null;
  for (const { type, version, text } of versions) {
    const read = readSchema(text);
    const problems =
      read.kind === 'problems' ? read.problems : latest ? evolutionProblems(latest.schema, read.schema) : [];
    if (read.kind === 'problems' || problems.length > 0) unusable.push({ version, problems });
    else
      latest = {
        table: { name: type, version, columns: [...read.schema.fields.map(columnOf), EXTRA] },
        schema: read.schema,
      };
  }
  return { latest, unusable };
}
