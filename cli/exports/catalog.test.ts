import { expect, it } from '@jest/globals';
import { memoryAppSchemas } from '../../connectors/registry/memory-app-schemas.ts';
import { toHex } from '../../protocol/bytes.ts';
import { catalogOf, glueOf, statementsOf } from './catalog.ts';

const app = new Uint8Array(32).fill(0xab);
const declared = {
  name: 'shop',
  app,
  types: null,
  scopes: ['purchase'],
  schema: 'typed',
  sink: 's3-parquet',
  config: { target: 's3://lake/shop' },
} as const;
const schemas = memoryAppSchemas();
const price = { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 };
const sale = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'Sale', fields });
await schemas.add(toHex(app), 'Sale', sale({ name: 'price', type: price }));
await schemas.add(
  toHex(app),
  'Sale',
  sale({ name: 'price', type: price }, { name: 'shop', type: ['null', 'string'], default: null }),
);

const namesOf = async (fields: object = {}, since: string | null = null) =>
  (await catalogOf({ ...declared, ...fields }, schemas, since)).map(({ name }) => name);

it('has a table for each type with a schema, for the others, and for what did not fit', async () => {
  expect(await namesOf()).toEqual(['sale', 'events', '_rejected']);
  expect(await namesOf({ types: ['Sale'] })).toEqual(['sale', '_rejected']);
  expect(await namesOf({ types: ['Visit'] })).toEqual(['events', '_rejected']);
  expect(await namesOf({ schema: 'text' })).toEqual(['events']);
  expect(await namesOf({ types: ['Sale'] }, '2024-01-01')).toEqual([
    'sale',
    'sale_other_days',
    '_rejected',
    '_rejected_other_days',
  ]);
});

it('says the columns of the latest version, as SQL and for Glue', async () => {
  const tables = await catalogOf(declared, schemas, null);
  const sql = statementsOf(tables, { database: 'lake', since: null });
  expect(sql).toContain('CREATE EXTERNAL TABLE IF NOT EXISTS `lake`.`sale` (');
  expect(sql).toContain('  `price` decimal(12,2),\n  `shop` string,\n  `extra` string\n)');
  expect(sql).toContain("LOCATION 's3://lake/shop/Sale/'");
  const [glue] = JSON.parse(glueOf(tables));
  expect(glue.StorageDescriptor.Columns.slice(-3)).toEqual([
    { Name: 'price', Type: 'decimal(12,2)' },
    { Name: 'shop', Type: 'string' },
    { Name: 'extra', Type: 'string' },
  ]);
});

it('knows folders of Parquet too, and says of what is no Parquet that it is none', async () => {
  const [table] = await catalogOf({ ...declared, sink: 'parquet', config: { folder: '/data/shop' } }, schemas, null);
  expect(table?.location).toBe('file:///data/shop/Sale/');
  await expect(catalogOf({ ...declared, sink: 'ndjson' }, schemas, null)).rejects.toThrow(/ndjson/);
});
