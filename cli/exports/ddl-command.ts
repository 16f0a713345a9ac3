import { Command } from 'commander';
import { openDatabase } from '../../connectors/postgres/database.ts';
import { createExports } from '../../connectors/postgres/exports.ts';
import { createAppSchemas } from '../../connectors/registry/index.ts';
import { catalogOf, glueOf, statementsOf } from './catalog.ts';

interface DdlOptions {
  readonly database?: string;
  readonly since: string;
  readonly listed?: boolean;
  readonly glue?: boolean;
}

const DAY = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const DATABASE = /^[A-Za-z0-9_]{1,255}$/;

async function ddl(name: string, { database, since, listed, glue }: DdlOptions): Promise<void> {
  const { DATABASE_URL, SCHEMA_REGISTRY_URL: url, DDC_TOPIC_PREFIX: prefix = '' } = process.env;
  if (!DATABASE_URL || !url) throw new Error('Set DATABASE_URL and SCHEMA_REGISTRY_URL to those of the deployment.');
  if (!DAY.test(since)) throw new Error('--since is a day, YYYY-MM-DD.');
  if (database !== undefined && !DATABASE.test(database)) throw new Error('--database: letters, digits and _.');
  const db = openDatabase(DATABASE_URL, { connections: 1 });
  try {
    const declared = await createExports(db).find(name);
    if (!declared) throw new Error(`There is no export ${name}: see \`ddc exports ls\`.`);
    const options = { database: database ?? null, since: listed ? null : since };
    const tables = await catalogOf(declared, createAppSchemas({ url, prefix }), options.since);
    process.stdout.write(`${glue ? glueOf(tables) : statementsOf(tables, options)}\n`);
  } finally {
    await db.close();
  }
}

/** `ddc exports ddl`. */
export const ddlCommand = (): Command =>
  new Command('ddl')
    .description(
      'CREATE EXTERNAL TABLE for each table of an export in Parquet, for Athena, Hive or Spark; or what Glue takes',
    )
    .argument('<name>')
    .option('--database <name>', 'of the catalog; the current one where none is given')
    .option('--since <day>', 'first day that Athena looks for, without a list of partitions', '2020-01-01')
    .option('--listed', 'no such rule: partitions are listed (MSCK REPAIR TABLE, a crawler)')
    .option('--glue', 'JSON: a TableInput of the Glue API for each table')
    .action(ddl);
