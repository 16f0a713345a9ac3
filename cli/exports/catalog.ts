import { createTable, glueTable } from '../../connectors/sinks/hive/ddl.ts';
import { type HiveTable, hiveTables } from '../../connectors/sinks/hive/table.ts';
import { toHex } from '../../protocol/bytes.ts';
import { eventsTable } from '../../services/exporter/events-table.ts';
import type { AppSchemas } from '../../services/pipeline/ports/app-schemas.ts';
import type { ExportDeclaration } from '../../services/pipeline/ports/exports.ts';
import { REJECTED_COLUMNS, REJECTED_TABLE, type Table } from '../../services/pipeline/ports/table.ts';
import { typedTable } from '../../services/pipeline/typed/typed-table.ts';
import { Refusal } from '../crypto/outcome.ts';

type Declared = Pick<ExportDeclaration, 'name' | 'app' | 'types' | 'scopes' | 'schema' | 'sink' | 'config'>;
type Schemas = Pick<AppSchemas, 'types' | 'versions'>;

export interface CatalogOptions {
  /** Null: the engine's current one. */
  readonly database: string | null;
  /** First day that is made up, `YYYY-MM-DD`; null: partitions are listed. */
  readonly since: string | null;
}

/** The tables that an export writes, as far as schemas say so now: a type that gets one later gets a table then. */
export async function tablesOf({ app, types, scopes, schema }: Declared, schemas: Schemas): Promise<Table[]> {
  const events = eventsTable(scopes);
  if (schema === 'text') return [events];
  const hex = toHex(app);
  const withSchema = (await schemas.types(hex)).filter((type) => types === null || types.includes(type));
  const typed: Table[] = [];
  for (const type of withSchema) {
    const { latest } = typedTable(await schemas.versions(hex, type));
    if (latest) typed.push(latest.table);
  }
  const allTyped = types?.every((type) => withSchema.includes(type)) ?? false;
  return [...typed, ...(allTyped ? [] : [events]), { name: REJECTED_TABLE, version: 0, columns: REJECTED_COLUMNS }];
}

/** Where an export's files are, as engines write it. @throws Refusal `not_parquet` where its target is no files */
function locationOf({ name, sink, config }: Declared): string {
  if (sink === 's3-parquet' && typeof config.target === 'string') return config.target;
  if (sink === 'parquet' && typeof config.folder === 'string') return `file://${config.folder}`;
  throw new Refusal('not_parquet', `${name} goes to ${sink}: only what is written as Parquet has tables in a catalog.`);
}

/** The export's tables for a catalog. */
export async function catalogOf(declared: Declared, schemas: Schemas, since: string | null): Promise<HiveTable[]> {
  const plan = { location: locationOf(declared), app: toHex(declared.app), projectedFrom: since };
  return hiveTables(await tablesOf(declared, schemas), plan);
}

/** Statements for Athena, Hive or Spark, with what has to be known of them. */
export function statementsOf(tables: readonly HiveTable[], { database, since }: CatalogOptions): string {
  const notes =
    since === null
      ? ['-- Partitions are listed: after new days, MSCK REPAIR TABLE <table> or a crawler.']
      : [
          `-- Days from ${since} to tomorrow need no upkeep. Events of other days are not shown (their time is what their author says): take an earlier day.`,
          '-- `<table>_other_days` holds what has no day of its own: of deliveries with more than 366 days.',
        ];
  return [...notes, ...tables.map((table) => `\n${createTable(table, database)};`)].join('\n');
}

/** What Glue's API takes, one `TableInput` a table. */
export const glueOf = (tables: readonly HiveTable[]): string => JSON.stringify(tables.map(glueTable), null, 2);
