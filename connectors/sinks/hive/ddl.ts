import { hiveType } from './column-type.ts';
import type { HiveTable } from './table.ts';

const name = (identifier: string) => `\`${identifier}\``;
const text = (value: string) => `'${value.replaceAll("'", "\\'")}'`;

/** `CREATE EXTERNAL TABLE`, as Athena, Hive and Spark take it. @param database null: the current one */
export function createTable(
  { name: table, columns, partitions, location, properties }: HiveTable,
  database: string | null,
): string {
  const typed = (of: HiveTable['columns']) => of.map((column) => `${name(column.name)} ${hiveType(column.type, name)}`);
  const set = Object.entries(properties).map(([property, value]) => `  ${text(property)} = ${text(value)}`);
  return [
    `CREATE EXTERNAL TABLE IF NOT EXISTS ${database === null ? '' : `${name(database)}.`}${name(table)} (`,
    typed(columns)
      .map((line) => `  ${line}`)
      .join(',\n'),
    ')',
    ...(partitions.length === 0 ? [] : [`PARTITIONED BY (${typed(partitions).join(', ')})`]),
    'STORED AS PARQUET',
    `LOCATION ${text(location)}`,
    ...(set.length === 0 ? [] : [`TBLPROPERTIES (\n${set.join(',\n')}\n)`]),
  ].join('\n');
}

const PARQUET = 'org.apache.hadoop.hive.ql.io.parquet';

/** The `TableInput` of Glue's API: `aws glue create-table --database-name … --table-input file://…`. */
export function glueTable({ name: table, columns, partitions, location, properties }: HiveTable) {
  const typed = (of: HiveTable['columns']) => of.map((column) => ({ Name: column.name, Type: hiveType(column.type) }));
  return {
    Name: table,
    TableType: 'EXTERNAL_TABLE',
    Parameters: { EXTERNAL: 'TRUE', classification: 'parquet', ...properties },
    PartitionKeys: typed(partitions),
    StorageDescriptor: {
      Columns: typed(columns),
      Location: location,
      InputFormat: `${PARQUET}.MapredParquetInputFormat`,
      OutputFormat: `${PARQUET}.MapredParquetOutputFormat`,
      SerdeInfo: {
        SerializationLibrary: `${PARQUET}.serde.ParquetHiveSerDe`,
        Parameters: { 'serialization.format': '1' },
      },
    },
  };
}
