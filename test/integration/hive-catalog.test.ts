import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parquetFormat } from '../../connectors/sinks/duckdb/parquet-format.ts';
import { createTable, glueTable } from '../../connectors/sinks/hive/ddl.ts';
import { hiveTables } from '../../connectors/sinks/hive/table.ts';
import { EVENTS, KIND_VALUES, KINDS, REJECTED, SALES_3 } from '../contract/sink-tables.ts';
import { parseAthena, type SaidTable } from '../support/athena-sql.ts';
import { row } from '../support/s3-world.ts';

const TABLES = [EVENTS, REJECTED, SALES_3, KINDS];
const plan = { location: 's3://lake/shop/', app: 'ab'.repeat(32), projectedFrom: '2024-01-01' };
const tables = hiveTables(TABLES, plan);
const statementsOf = (all: typeof tables, database: string | null = 'lake') =>
  all.map((table) => `${createTable(table, database)};`).join('\n');

describe('CREATE EXTERNAL TABLE', () => {
  let said: Map<string, SaidTable>;

  beforeAll(async () => {
    said = new Map((await parseAthena(statementsOf(tables))).map((one) => [one.table, one]));
  }, 120_000);

  it('is SQL, for every table, of Hive names', async () => {
    expect([...said.keys()]).toEqual([
      'lake.events',
      'lake.events_other_days',
      'lake._rejected',
      'lake._rejected_other_days',
      'lake.sale_made_v',
      'lake.sale_made_v_other_days',
      'lake.every_kind',
      'lake.every_kind_other_days',
    ]);
    await expect(parseAthena(statementsOf(tables).replaceAll('PARTITIONED BY', 'PARTITIONED'))).rejects.toThrow();
  });

  it('says where the objects are, and how days are made up', () => {
    expect(said.get('lake.sale_made_v')).toMatchObject({
      partitions: [
        ['app', 'TEXT'],
        ['dt', 'DATE'],
      ],
      location: ['s3://lake/shop/Sale.made-v/'],
      format: ['PARQUET'],
      properties: {
        'projection.enabled': 'true',
        'projection.app.type': 'enum',
        'projection.app.values': plan.app,
        'projection.dt.type': 'date',
        'projection.dt.format': 'yyyy-MM-dd',
        'projection.dt.range': '2024-01-01,NOW+1DAYS',
        'projection.dt.interval': '1',
        'projection.dt.interval.unit': 'DAYS',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Athena puts the values in.
        'storage.location.template': 's3://lake/shop/Sale.made-v/app=${app}/dt=${dt}/',
      },
    });
    expect(said.get('lake.sale_made_v_other_days')).toMatchObject({
      partitions: [],
      location: [`s3://lake/shop/Sale.made-v/app=${plan.app}/dt=__HIVE_DEFAULT_PARTITION__/`],
      properties: {},
    });
  });

  it('lists partitions where none are to be made up', async () => {
    const listed = hiveTables(TABLES, { ...plan, projectedFrom: null });
    expect(await parseAthena(statementsOf(listed, null))).toMatchObject(
      ['events', '_rejected', 'sale_made_v', 'every_kind'].map((table) => ({ table, properties: {} })),
    );
  }, 60_000);

  it('refuses two tables that a catalog could not tell apart', () => {
    const [one, two] = [
      { ...EVENTS, name: 'a.b' },
      { ...EVENTS, name: 'A-b' },
    ];
    expect(() => hiveTables([one, two], plan)).toThrow(/a_b/);
  });

  it.each([EVENTS, REJECTED, SALES_3, KINDS])(
    'gives the columns of $name the types that are in its files',
    async (table) => {
      const folder = await mkdtemp(join(tmpdir(), 'ddc-hive-'));
      const format = parquetFormat({ compression: 'snappy' });
      const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
      const described = async (of: string) =>
        (await duckdb.runAndReadAll(`DESCRIBE ${of}`)).getRowsJS().map(([name, type]) => [name, type]);
      try {
        const path = join(folder, 'one.parquet');
        const values = table === KINDS ? (KIND_VALUES[0] ?? {}) : {};
        await format.write([{ path, table, rows: [row(0, 'aa', { table, values })] }]);
        const inFile = await described(`SELECT * FROM read_parquet('${path}', hive_partitioning = false)`);
        const [statement] = await parseAthena(
          createTable(hiveTables([table], plan)[0] as (typeof tables)[number], null),
        );
        const columns = statement?.columns.map(([name, type]) => `"${name}" ${type}`).join(', ');
        await duckdb.run(`CREATE TABLE said (${columns})`);
        const inCatalog = await described('said');
        // Hive's timestamp has no zone; in the file it says that it is UTC.
        const zoneless = (types: unknown[][]) =>
          JSON.stringify(types).replaceAll('TIMESTAMP WITH TIME ZONE', 'TIMESTAMP');
        expect(zoneless(inCatalog)).toBe(zoneless(inFile));
        expect(inCatalog.length).toBe(15 + table.columns.length);
      } finally {
        duckdb.closeSync();
        await format.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
    60_000,
  );
});

describe("Glue's TableInput", () => {
  it('says the same', async () => {
    const kinds = tables.find(({ name }) => name === 'every_kind') as (typeof tables)[number];
    const input = glueTable(kinds);
    expect(input).toMatchObject({
      Name: 'every_kind',
      TableType: 'EXTERNAL_TABLE',
      Parameters: { classification: 'parquet', 'projection.dt.type': 'date' },
      PartitionKeys: [
        { Name: 'app', Type: 'string' },
        { Name: 'dt', Type: 'date' },
      ],
      StorageDescriptor: { Location: 's3://lake/shop/every_kind/' },
    });
    const typeOf = new Map(input.StorageDescriptor.Columns.map(({ Name, Type }) => [Name, Type]));
    expect(typeOf.get('lines')).toBe('array<struct<sku:string,at:timestamp,sizes:array<int>,maker:struct<id:bigint>>>');
    expect(typeOf.get('the_most')).toBe('decimal(38,18)');
    expect(typeOf.get('some_bytes')).toBe('binary');
  });
});
