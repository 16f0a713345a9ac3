import { COMMON_COLUMNS } from '../../../services/pipeline/ports/row-columns.ts';
import type { Column, Table } from '../../../services/pipeline/ports/table.ts';
import { NO_DAY } from '../folder/layout.ts';

/** A table of an export as engines with a Hive catalog know it: Athena, Glue, Spark, Trino. */
export interface HiveTable {
  /** In lower case; letters, digits and `_`. */
  readonly name: string;
  /** Of the files, in order. */
  readonly columns: readonly Column[];
  /** Of the names of folders. */
  readonly partitions: readonly Column[];
  /** With its last slash. */
  readonly location: string;
  readonly properties: Readonly<Record<string, string>>;
}

export interface HivePlan {
  /** Where the export writes: `s3://bucket/prefix`. */
  readonly location: string;
  /** Hex; an export is of one app. */
  readonly app: string;
  /** The first day that the catalog makes up, `YYYY-MM-DD`; null: partitions are listed (`MSCK REPAIR TABLE`, a crawler). */
  readonly projectedFrom: string | null;
}

const PARTITIONS: readonly Column[] = [
  { name: 'app', type: 'string' },
  { name: 'dt', type: 'date' },
];

/** Columns that are in the files: those that every row has, `app` aside, and those of the table. */
export const fileColumns = (table: Table): Column[] => [
  ...COMMON_COLUMNS.filter(({ name }) => name !== 'app').map(({ name, type }) => ({ name, type })),
  ...table.columns,
];

/** Catalogs fold case and know no dots and dashes. */
export const hiveName = (table: string): string => table.toLowerCase().replace(/[^a-z0-9_]/g, '_');

/**
 * Days come from a rule, not from a list that somebody must keep up: a new day is there as soon as it has an object. Days before the first or after tomorrow,
 * and what has no day of its own (`layout.ts`), are not made up: see `otherDays`.
 */
const projection = (location: string, app: string, from: string): Record<string, string> => ({
  'projection.enabled': 'true',
  'projection.app.type': 'enum',
  'projection.app.values': app,
  'projection.dt.type': 'date',
  'projection.dt.format': 'yyyy-MM-dd',
  'projection.dt.range': `${from},NOW+1DAYS`,
  'projection.dt.interval': '1',
  'projection.dt.interval.unit': 'DAYS',
  'storage.location.template': `${location}app=\${app}/dt=\${dt}/`,
});

function folderOf(plan: HivePlan, table: Table): string {
  return `${plan.location.replace(/\/+$/, '')}/${table.name}/`;
}

export function hiveTable(table: Table, plan: HivePlan): HiveTable {
  const location = folderOf(plan, table);
  return {
    name: hiveName(table.name),
    columns: fileColumns(table),
    partitions: PARTITIONS,
    location,
    properties: plan.projectedFrom === null ? {} : projection(location, plan.app, plan.projectedFrom),
  };
}

/** The rows without a day of their own, which a projection of days cannot show. */
export function otherDays(table: Table, plan: HivePlan): HiveTable {
  return {
    name: `${hiveName(table.name)}_other_days`,
    columns: fileColumns(table),
    partitions: [],
    location: `${folderOf(plan, table)}app=${plan.app}/dt=${NO_DAY}/`,
    properties: {},
  };
}

/** What an export's catalog holds. @throws Error when two tables would have one name */
export function hiveTables(tables: readonly Table[], plan: HivePlan): HiveTable[] {
  const made = tables.flatMap((table) =>
    plan.projectedFrom === null ? [hiveTable(table, plan)] : [hiveTable(table, plan), otherDays(table, plan)],
  );
  const names = new Set<string>();
  for (const { name } of made) {
    if (names.has(name))
      throw new Error(`Two tables would be named ${name}, as catalogs fold case and know no dots and dashes.`);
    names.add(name);
  }
  return made;
}
