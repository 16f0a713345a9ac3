import type { Delivery, ExportRow } from '../../../services/pipeline/ports/sink.ts';

/** A file of one delivery: its name while it is staged, and where it belongs. */
export interface PlannedFile {
  readonly staged: string;
  /** Relative to the export folder. */
  readonly path: string;
  readonly rows: readonly ExportRow[];
}

/** `p<partition>-<first origin>-<last origin>`, padded so that names sort as origins do. */
function fileStem({ partition, first, last }: Delivery): string {
  const pad = (origin: number) => String(origin).padStart(12, '0');
  return `p${partition}-${pad(first)}-${pad(last)}`;
}

/** The UTC day of an event's time, as Hive writes date partitions. */
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** One file per (app, day), in the layout that Hive, Spark, Athena and DuckDB read as partitions. */
export function filesOf(rows: readonly ExportRow[], delivery: Delivery, extension: string): PlannedFile[] {
  const stem = fileStem(delivery);
  const groups = new Map<string, ExportRow[]>();
  for (const row of rows) {
    const folder = `app=${row.app}/dt=${dayOf(row.time)}`;
    const group = groups.get(folder);
    if (group) group.push(row);
    else groups.set(folder, [row]);
  }
  return [...groups.keys()].sort().map((folder, i) => ({
    staged: `${i}${extension}`,
    path: `${folder}/${stem}${extension}`,
    rows: groups.get(folder) ?? [],
  }));
}
