/** One Avro record, as registered under the subject `<topic>-value`. Compatibility is FULL_TRANSITIVE. */
export interface RecordSchema<T> {
  /** Avro schema JSON; its fully qualified name is `network.cere.ddc.<Name>`. */
  readonly avro: {
    readonly type: 'record';
    readonly name: string;
    readonly namespace: string;
    readonly fields: readonly unknown[];
  };
  /** Phantom: the TypeScript shape of a decoded record. Never set. */
  readonly shape?: T;
}

const NAMESPACE = 'network.cere.ddc';

/** Declares an Avro record together with the TypeScript type that its decoder yields. */
export function defineRecord<T>(name: string, doc: string, fields: readonly unknown[]): RecordSchema<T> {
  const avro = { type: 'record' as const, name, namespace: NAMESPACE, doc, fields };
  return { avro };
}

/** The fixed-length byte types that several records share. Avro wants each named type defined once per schema. */
export const hash32 = (name: string) => ({ type: 'fixed', name, size: 32 });
export const id16 = (name: string) => ({ type: 'fixed', name, size: 16 });
