import type { ExportRow } from '../pipeline/ports/sink.ts';

/** An event as far as an export may read it: what every row has, and the texts of its scopes. */
export interface OpenedEvent {
  readonly common: Omit<ExportRow, 'table' | 'values'>;
  /** Scope name → plaintext, of those of the export's scopes that the event has and that may be read. */
  readonly scopes: Readonly<Record<string, string>>;
  /** Names of the event's other scopes. */
  readonly closed: readonly string[];
}

/** Makes the row of an event. Never fails: what fits nowhere is a row of `_rejected`. */
export type RowMaker = (event: OpenedEvent) => ExportRow;

/** Where rows get their tables from. */
export interface RowMakers {
  /**
   * Asked for each stretch, whose rows are then all made by the same.
   * @param types that its batches have
   * @throws RetriableError while schemas that are not known yet cannot be asked for
   */
  for(types: ReadonlySet<string>): Promise<RowMaker>;
}
