import type { RecordSchema } from '../../../schemas/define-record.ts';

/** Confluent wire format (0x00 ‖ u32 schema id ‖ Avro) for one record type. Synchronous: ids are resolved when the codec is made. */
export interface Codec<T> {
  encode(record: T): Uint8Array;
  /** @throws an error with `code: 'undecodable'` when the bytes are not a record of this type. */
  decode(value: Uint8Array): T;
}

export interface Codecs {
  /** Registers the schema for the topic (subject `<topic>-value`, FULL_TRANSITIVE) and returns its codec. */
  for<T>(topic: { readonly name: string; readonly schema: RecordSchema<T> }): Promise<Codec<T>>;
}
