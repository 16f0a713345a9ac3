import type { SeenRow } from '../../../services/pipeline/define-sink.ts';
import type { ExportRow } from '../../../services/pipeline/ports/sink.ts';
import { rowText } from '../canonical.ts';
import type { Answer } from '../compare.ts';
import { totals } from '../sums.ts';
import { FLOW_TYPES } from '../types.ts';

/** The output of one export, as whoever reads it is told where it is. */
export interface Output {
  readonly sink: string;
  /** The sink's configuration, secrets said. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Room for what a reader has to keep for a while: empty, its own. */
  readonly scratch: string;
  /** What a receiver has, where the target is one that cannot be asked. */
  readonly received?: () => Promise<readonly SeenRow[]>;
}

/** A tool that data teams have, pointed at an output. */
export interface Reader {
  /** `duckdb`, `pyspark`. */
  readonly name: string;
  /** Sinks whose outputs it reads. */
  readonly sinks: readonly string[];
  read(output: Output): Promise<Answer>;
}

/** Rows as texts. */
export function textsOf(rows: readonly SeenRow[]): string[] {
  const tables = new Map(FLOW_TYPES.map(({ table }) => [table.name, table]));
  return rows.map(({ table, values, ...row }) =>
    rowText(tables.get(table) ?? { name: table, version: 0, columns: [] }, row as unknown as ExportRow, values),
  );
}

/** The answer of a reader that has no engine: it counts and adds up what it has read. */
export const counted = (rows: readonly SeenRow[]): Answer => ({ rows: textsOf(rows), ...totals(FLOW_TYPES, rows) });
