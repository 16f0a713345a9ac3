import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createExports } from '../../connectors/postgres/exports.ts';
import { createAppSchemas } from '../../connectors/registry/index.ts';
import { fromHex } from '../../protocol/index.ts';
import { parseAthena } from '../support/athena-sql.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { uniqueName } from '../support/kafka.ts';
import { ddc } from '../support/sandbox.ts';

const APP = 'ab'.repeat(32);
let db: TestDatabase;
let env: Record<string, string>;

beforeAll(async () => {
  db = await openTestDatabase('exports-ddl');
  const [url = '', prefix] = [process.env.SCHEMA_REGISTRY_URL, `${uniqueName('ddl')}-`];
  env = { DATABASE_URL: db.url, SCHEMA_REGISTRY_URL: url, DDC_TOPIC_PREFIX: prefix };
  const price = { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 };
  const sale = { type: 'record', name: 'Sale', fields: [{ name: 'price', type: price }] };
  await createAppSchemas({ url, prefix }).add(APP, 'Sale', JSON.stringify(sale));
  await createExports(db).add(
    {
      name: 'shop',
      app: fromHex(APP, 32),
      types: null,
      scopes: ['purchase'],
      sink: 's3-parquet',
      config: { target: 's3://lake/shop' },
      schema: 'typed',
      from: 'beginning',
      starts: [],
      by: 'operator',
    },
    'paused',
  );
}, 120_000);
afterAll(() => db?.close());

it('prints what a catalog has to be told of a declared export', async () => {
  const { code, stdout } = await ddc(['exports', 'ddl', 'shop', '--database', 'lake', '--listed'], env);
  expect(code).toBe(0);
  const tables = await parseAthena(stdout);
  expect(tables.map(({ table }) => table)).toEqual(['lake.sale', 'lake.events', 'lake._rejected']);
  expect(tables[0]?.columns).toContainEqual(['price', 'DECIMAL(12, 2)']);
  const glue = await ddc(['exports', 'ddl', 'shop', '--glue', '--since', '2024-02-01'], env);
  expect(JSON.parse(glue.stdout)[0].Parameters['projection.dt.range']).toBe('2024-02-01,NOW+1DAYS');
}, 120_000);

it('says what is wrong with what it was asked', async () => {
  for (const [args, said] of [
    [['nobody'], 'There is no export nobody'],
    [['shop', '--since', '1st of May'], '--since is a day'],
  ] as const) {
    const { code, stderr } = await ddc(['exports', 'ddl', ...args], env);
    expect(code).not.toBe(0);
    expect(stderr).toContain(said);
  }
}, 120_000);
