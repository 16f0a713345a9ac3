import type { Delivery, ExportRow } from '../../../services/pipeline/ports/sink.ts';
import type { Table } from '../../../services/pipeline/ports/table.ts';

/** Folder beside the tables with everything that is not data. A glob over `app=*` never looks into it. */
export const BOOKS = '_ddc';

/** A file of one delivery: its name while it is staged, and where it belongs. */
export interface PlannedFile {
  readonly staged: string;
  /** Relative to the export folder. */
  readonly path: string;
  readonly table: Table;
  readonly rows: readonly ExportRow[];
}

/**
 * Days of one app and table that one delivery gives a file each. An event's time is its author's free choice and a file costs milliseconds to make
 * durable: without an end, one batch with an event a day would hold the export up for as long as it likes.
 */
export const DAYS = 366;

/** Where Hive, Spark, Athena and DuckDB keep rows whose partition is null. Times in the rows stay what they are. */
export const NO_DAY = '__HIVE_DEFAULT_PARTITION__';

/** `p<partition>-<first origin>-<last origin>-v<version>`, padded so that names sort as origins do. */
function fileStem({ partition, first, last }: Delivery, { version }: Table): string {
  const pad = (origin: number) => String(origin).padStart(12, '0');
  return `p${partition}-${pad(first)}-${pad(last)}-v${version}`;
}

const DAY_MS = 86_400_000;

/** The UTC day of an event's time, in days since the epoch. */
const dayOf = ({ time }: ExportRow): number => Math.floor(time / DAY_MS);

/** As Hive writes date partitions. */
const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** @param keyOf asked for every row: numbers, or what is there already, since making a text for each would take longer than all else */
function groupBy<K>(rows: readonly ExportRow[], keyOf: (row: ExportRow) => K): Map<K, ExportRow[]> {
  const groups = new Map<K, ExportRow[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

/** Rows by their `dt`: the days with most rows, the later first among equals, and in one heap what is left. */
function byDay(rows: readonly ExportRow[]): Map<string, readonly ExportRow[]> {
  const days = groupBy(rows, dayOf);
  const fullest = [...days].sort(([a, left], [b, right]) => right.length - left.length || b - a).slice(0, DAYS);
  const kept = new Map<string, readonly ExportRow[]>(fullest.map(([day, group]) => [dateOf(day), group]));
  if (days.size <= DAYS) return kept;
  const own = new Set(fullest.map(([day]) => day));
  return kept.set(
    NO_DAY,
    rows.filter((row) => !own.has(dayOf(row))),
  );
}

/** One file per (table, version, app, day), in the layout that Hive, Spark, Athena and DuckDB read as partitions of a table. */
export function filesOf(rows: readonly ExportRow[], delivery: Delivery, extension: string): PlannedFile[] {
  const folderOf = ({ app, table }: ExportRow) => `${table.name}/app=${app}`;
  const planned = byTable(rows).flatMap((ofTable) => {
    const [first] = ofTable as [ExportRow, ...ExportRow[]];
    const { table } = first;
    return [...byDay(ofTable)].map(([day, group]) => ({
      table,
      path: `${folderOf(first)}/dt=${day}/${fileStem(delivery, table)}${extension}`,
      rows: group,
    }));
  });
  return planned.sort((a, b) => (a.path < b.path ? -1 : 1)).map((file, i) => ({ staged: `${i}${extension}`, ...file }));
}

/** Rows of one table, version and app. Mostly a version is one object; where it is several, they go together all the same. */
function byTable(rows: readonly ExportRow[]): (readonly ExportRow[])[] {
  const groups = new Map<string, ExportRow[]>();
  for (const [app, ofApp] of groupBy(rows, (row) => row.app)) {
    for (const [{ name, version }, ofTable] of groupBy(ofApp, (row) => row.table)) {
      const key = `${version}/${name}/${app}`;
      const known = groups.get(key);
      if (known) for (const row of ofTable) known.push(row);
      else groups.set(key, ofTable);
    }
  }
  return [...groups.values()];
}
