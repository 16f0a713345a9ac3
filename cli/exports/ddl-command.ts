import { Command } from 'commander';
import { openDatabase } from '../../connectors/postgres/database.ts';
import { createExports } from '../../connectors/postgres/exports.ts';
import { createAppSchemas } from '../../connectors/registry/index.ts';
import { UsageError } from '../crypto/outcome.ts';
import { needed } from '../needed.ts';
import { settleDeployment } from '../settle-deployment.ts';
import { catalogOf, glueOf, statementsOf } from './catalog.ts';
import { foundExport } from './on-exports.ts';

interface DdlOptions {
  readonly database?: string;
  readonly since: string;
  readonly listed?: boolean;
  readonly glue?: boolean;
}

const DAY = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const DATABASE = /^[A-Za-z0-9_]{1,255}$/;

const ddl = (name: string, { database, since, listed, glue }: DdlOptions): Promise<void> =>
  settleDeployment(false, async () => {
    const { DATABASE_URL, SCHEMA_REGISTRY_URL: url } = needed('DATABASE_URL', 'SCHEMA_REGISTRY_URL');
    const { DDC_TOPIC_PREFIX: prefix = '' } = process.env;
    if (!DAY.test(since)) throw new UsageError('--since is a day, YYYY-MM-DD.');
    if (database !== undefined && !DATABASE.test(database)) throw new UsageError('--database: letters, digits and _.');
    const db = openDatabase(DATABASE_URL, { connections: 1 });
    try {
      const declared = await foundExport({ exports: createExports(db) }, name);
      const options = { database: database ?? null, since: listed ? null : since };
      const tables = await catalogOf(declared, createAppSchemas({ url, prefix }), options.since);
      return { text: `${glue ? glueOf(tables) : statementsOf(tables, options)}\n`, json: tables };
    } finally {
      await db.close();
    }
  });

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
