import type { ColumnType } from '../../../services/pipeline/ports/table.ts';

const PLAIN: Readonly<Record<Extract<ColumnType, string>, string>> = {
  boolean: 'boolean',
  int: 'int',
  long: 'bigint',
  float: 'float',
  double: 'double',
  string: 'string',
  bytes: 'binary',
  date: 'date',
  timestamp: 'timestamp',
};

/** A type as Hive, Athena and Glue write it. @param quote how names of fields are written: Glue takes them as they are, SQL in backticks */
export function hiveType(type: ColumnType, quote: (name: string) => string = (name) => name): string {
  if (typeof type === 'string') return PLAIN[type];
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'list':
      return `array<${hiveType(type.of, quote)}>`;
    case 'record':
      return `struct<${type.fields.map((field) => `${quote(field.name)}:${hiveType(field.type, quote)}`).join(',')}>`;
  }
}
