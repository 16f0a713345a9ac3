import { COMMON_COLUMNS } from '../../services/pipeline/ports/row-columns.ts';
import type { Column, ColumnType, Table } from '../../services/pipeline/ports/table.ts';

const NAMESPACE = 'ddc.export';

const PLAIN = {
  boolean: 'boolean',
  int: 'int',
  long: 'long',
  float: 'float',
  double: 'double',
  string: 'string',
  bytes: 'bytes',
  date: { type: 'int', logicalType: 'date' },
  // Kafka Connect knows no microseconds. Its Avro converters take the name over, and sinks that know Debezium's types have a timestamp.
  timestamp: { type: 'long', logicalType: 'timestamp-micros', 'connect.name': 'io.debezium.time.MicroTimestamp' },
} as const;

/**
 * The Avro record of a table's rows: the columns that every row has, then those of the table, each null unless told. So whatever a later
 * version adds is compatible in both directions. A record in a record has its path for a namespace: names never clash.
 */
export function rowSchema(table: Table): object {
  return recordOf([...COMMON_COLUMNS, ...table.columns], NAMESPACE);
}

const recordOf = (columns: readonly Column[], namespace: string) => ({
  type: 'record',
  name: 'row',
  namespace,
  fields: columns.map(({ name, type }) => ({
    name,
    type: ['null', avroOf(type, `${namespace}.${name}`)],
    default: null,
  })),
});

function avroOf(type: ColumnType, path: string): unknown {
  if (typeof type === 'string') return PLAIN[type];
  if (type.kind === 'decimal') {
    return { type: 'bytes', logicalType: 'decimal', precision: type.precision, scale: type.scale };
  }
  if (type.kind === 'list') return { type: 'array', items: ['null', avroOf(type.of, path)] };
  return recordOf(type.fields, path);
}
