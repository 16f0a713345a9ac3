import type { ExportPlan } from '../pipeline/variables.ts';
import { untypedRows } from './events-table.ts';
import type { RowMakers } from './opened-event.ts';
import { type TypedEdges, typedRowMakers } from './typed/row-makers.ts';

/** Where the rows of an export get their tables from, as it was declared: the schemas of the types, or one table of texts for all. */
export function rowMakersOf(
  { app, scopes, schema }: Pick<ExportPlan, 'app' | 'scopes' | 'schema'>,
  edges: Omit<TypedEdges, 'app' | 'scopes'>,
): RowMakers {
  if (schema === 'typed') return typedRowMakers({ ...edges, app, scopes });
  const rowOf = untypedRows(scopes);
  return { for: async () => rowOf };
}
