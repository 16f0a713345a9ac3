import { FatalError } from '../../services/pipeline/errors.ts';
import type { Codecs } from '../../services/pipeline/ports/codec.ts';
import { AvroCodec } from './avro-codec.ts';
import { avroType } from './avro-type.ts';

/** What a registry keeps; pass one to several `memoryCodecs` to play processes that share it. */
export interface MemoryRegistry {
  readonly schemas: string[];
  readonly subjects: Map<string, Set<number>>;
}

export const memoryRegistry = (): MemoryRegistry => ({ schemas: [], subjects: new Map() });

/** Whether records written with one schema can be read with the other, both ways. */
export function compatible(a: unknown, b: unknown): boolean {
  try {
    avroType(a).createResolver(avroType(b));
    avroType(b).createResolver(avroType(a));
    return true;
  } catch {
    return false;
  }
}

/** The memory twin of the schema registry, with the same bytes, ids and refusals. */
export function memoryCodecs(
  registry: MemoryRegistry = memoryRegistry(),
  now: () => number = () => performance.now(),
): Codecs {
  const { schemas, subjects } = registry;
  const schemaOf = (id: number): unknown => {
    const text = schemas[id - 1];
    return text === undefined ? null : JSON.parse(text);
  };
  return {
    async for(topic) {
      const subject = `${topic.name}-value`;
      const schema = topic.schema.avro;
      const text = JSON.stringify(schema);
      const versions = subjects.get(subject) ?? new Set<number>();
      const known = schemas.indexOf(text) + 1;
      if (known === 0 || !versions.has(known)) {
        for (const id of versions) {
          if (!compatible(schema, schemaOf(id))) {
            throw new FatalError('schema_incompatible', `${subject}: not FULL_TRANSITIVE with schema ${id}`);
          }
        }
      }
      const id = known || schemas.push(text);
      subjects.set(subject, versions.add(id));
      const others = new Map([...versions].map((version) => [version, schemaOf(version)]));
      return new AvroCodec({ subject, id, schema, others, fetchSchema: async (unknown) => schemaOf(unknown), now });
    },
  };
}
