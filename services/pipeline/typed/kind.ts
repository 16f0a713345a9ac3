import type { Column, ColumnType } from '../ports/table.ts';

/** What a schema says of a value: its type in Avro, as far as one of ours may use it. */
export type Kind =
  | { readonly kind: 'boolean' | 'int' | 'long' | 'float' | 'double' | 'date' }
  | { readonly kind: 'string'; readonly symbols?: readonly string[]; readonly isUuid?: true }
  /** `length`: of a `fixed`. */
  | { readonly kind: 'bytes'; readonly length?: number }
  /** How numbers are read: milliseconds or microseconds since the epoch. The column has microseconds either way. */
  | { readonly kind: 'timestamp'; readonly unit: 'ms' | 'us' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'list' | 'map'; readonly of: Kind; readonly nullable: boolean }
  | { readonly kind: 'record'; readonly fields: readonly SchemaField[] };

export interface SchemaField {
  readonly name: string;
  readonly kind: Kind;
  readonly nullable: boolean;
  /** The scope that it is in, where the schema says so. Of fields of the event itself only. */
  readonly scope: string | null;
}

/** Fields of an event of one type, over all its scopes. */
export interface EventSchema {
  readonly fields: readonly SchemaField[];
}

/** The column in which values of a kind are kept. */
export function columnType(kind: Kind): ColumnType {
  switch (kind.kind) {
    case 'decimal':
      return { kind: 'decimal', precision: kind.precision, scale: kind.scale };
    case 'list':
      return { kind: 'list', of: columnType(kind.of) };
    case 'map':
      return {
        kind: 'list',
        of: {
          kind: 'record',
          fields: [
            { name: 'key', type: 'string' },
            { name: 'value', type: columnType(kind.of) },
          ],
        },
      };
    case 'record':
      return { kind: 'record', fields: kind.fields.map(columnOf) };
    default:
      return kind.kind;
  }
}

export const columnOf = ({ name, kind }: SchemaField): Column => ({ name, type: columnType(kind) });
