import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import avro from 'avsc';
import type { SeenRow } from '../../../services/pipeline/define-sink.ts';
import { COMMON_COLUMNS, commonFrom } from '../../../services/pipeline/ports/row-columns.ts';
import type { Column, ColumnType, Value } from '../../../services/pipeline/ports/table.ts';
import { consumeAll } from '../../support/kafka-consumed.ts';
import { FLOW_TYPES } from '../types.ts';
import { counted, type Reader } from './reader.ts';

/** Numbers of 64 bits as what they are: as doubles they would lose digits. */
const long = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer(value: bigint) {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

const isLong = (schema: unknown): boolean =>
  schema === 'long' || (typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'long');
const typeHook = (schema: unknown): avro.Type | undefined => (isLong(schema) ? long : undefined);

/** Decimals are bytes, two's complement. */
const unscaled = (bytes: Uint8Array): bigint =>
  BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex') || '00'}`));

function fromAvro(type: ColumnType, decoded: unknown): Value {
  if (decoded === null || decoded === undefined) return null;
  if (typeof type === 'string') return decoded as Value;
  if (type.kind === 'decimal') return unscaled(decoded as Uint8Array);
  if (type.kind === 'list') return (decoded as readonly unknown[]).map((item) => fromAvro(type.of, item));
  return recordFrom(type.fields, decoded as Readonly<Record<string, unknown>>);
}
const recordFrom = (columns: readonly Column[], decoded: Readonly<Record<string, unknown>>): Record<string, Value> =>
  Object.fromEntries(columns.map(({ name, type }) => [name, fromAvro(type, decoded[name])]));

/** A consumer of the topics, which decodes with the registry, keeps the last record of each key, and drops what has a tombstone. */
export const kafkaConsumer: Reader = {
  name: 'consumer',
  sinks: ['kafka'],
  async read({ config }) {
    const registry = new SchemaRegistry({ host: String(config.registry) }, { AVRO: { typeHook } });
    const rows: SeenRow[] = [];
    for (const { table } of FLOW_TYPES) {
      const last = new Map<string, Buffer | null>();
      for (const { key, value } of await consumeAll(`${config.prefix}.${table.name}`)) {
        if (last.get(key)) throwIfTwice(key, value);
        last.set(key, value);
      }
      for (const value of last.values()) {
        if (value === null) continue;
        const decoded = (await registry.decode(value)) as Readonly<Record<string, unknown>>;
        const common = commonFrom(recordFrom(COMMON_COLUMNS, decoded));
        rows.push({ ...common, table: table.name, values: recordFrom(table.columns, decoded) });
      }
    }
    return counted(rows);
  },
};

function throwIfTwice(key: string, value: Buffer | null): void {
  if (value !== null) throw new Error(`${key} is in its topic twice`);
}
