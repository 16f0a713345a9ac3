import type { AppSchemas } from '../pipeline/ports/app-schemas.ts';
import type { UnusableVersion } from '../pipeline/typed/typed-table.ts';
import type { ExportPlan } from '../pipeline/variables.ts';
import { untypedRows } from './events-table.ts';
import type { RowMakers } from './opened-event.ts';
import { typedRowMakers } from './typed/row-makers.ts';

export interface RowMakersEdges {
  readonly schemas: Pick<AppSchemas, 'types' | 'versions'>;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  onUnusable(type: string, version: UnusableVersion): void;
  onChanged?(type: string, before: number | null, now: number | null): void;
  onStale(error: unknown): void;
}

/** What makes the rows of an export, as it was declared: in the tables of the app's schemas, or all as texts. */
export function rowMakersOf(
  { app, scopes, schema }: Pick<ExportPlan, 'app' | 'scopes' | 'schema'>,
  edges: RowMakersEdges,
): RowMakers {
  if (schema === 'typed') return typedRowMakers({ ...edges, app, scopes });
  const rowOf = untypedRows(scopes);
  return { for: async () => rowOf };
}
