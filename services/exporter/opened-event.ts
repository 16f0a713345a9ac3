import type { ExportRow } from '../pipeline/ports/sink.ts';

/** Of an event, as far as an export may read it, what the columns of its table are made of. */
export interface OpenedEvent {
  readonly type: string;
  /** Scope name → plaintext, of those of the export's scopes that the event has and that may be read. */
  readonly scopes: Readonly<Record<string, string>>;
  /** Names of the event's other scopes. */
  readonly closed: readonly string[];
}

/** What a row has beside the columns that every row has. */
export type RowContent = Pick<ExportRow, 'table' | 'values'>;

/** Never fails: what fits nowhere is content of `_rejected`. */
export type RowMaker = (event: OpenedEvent) => RowContent;

/** Where rows get their tables from. */
export interface RowMakers {
  /**
   * Asked for each stretch, whose rows are then all made by the same.
   * @param types that its batches have
   * @throws RetriableError while schemas that are not known yet cannot be asked for
   */
  for(types: ReadonlySet<string>): Promise<RowMaker>;
}
