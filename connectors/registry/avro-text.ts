import { FatalError } from '../../services/pipeline/errors.ts';
import { avroType } from './avro-type.ts';

/** An Avro schema from its text. @throws FatalError `schema_refused` when it is none */
export function avroSchemaIn(text: string): unknown {
  try {
    const schema: unknown = JSON.parse(text);
    avroType(schema);
    return schema;
  } catch (cause) {
    throw new FatalError('schema_refused', `This is no Avro schema: ${(cause as Error).message}.`, { cause });
  }
}
