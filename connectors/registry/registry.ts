import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { RetriableError } from '../../services/pipeline/errors.ts';
import type { Codec, Codecs } from '../../services/pipeline/ports/codec.ts';
import type { Topic } from '../../topics/define-topic.ts';
import { AvroCodec } from './avro-codec.ts';
import { register } from './register.ts';
import { registryGet } from './registry-http.ts';

export interface RegistryOptions {
  /** Base of the Confluent API, e.g. `http://127.0.0.1:8081/apis/ccompat/v7`. */
  readonly url: string;
  /** Milliseconds for one request. Default 10000. */
  readonly timeoutMs?: number;
  /** Milliseconds of a clock that is not set back. Default `performance.now`. */
  readonly now?: () => number;
}

/** Codecs of a schema registry with the Confluent API. Every version of a subject is loaded when its codec is made. */
export function createRegistryCodecs(options: RegistryOptions): Codecs {
  const { timeoutMs = 10_000, now = () => performance.now() } = options;
  const url = options.url.replace(/\/+$/, '');
  const registry = new SchemaRegistry({ host: url, clientId: 'ddc' });

  const get = registryGet(url, timeoutMs);

  const versionsOf = async (subject: string): Promise<Map<number, unknown>> => {
    const base = `/subjects/${encodeURIComponent(subject)}/versions`;
    const numbers = (await get<number[]>(base)) ?? [];
    const versions = await Promise.all(numbers.map((n) => get<{ id: number; schema: string }>(`${base}/${n}`)));
    return new Map(versions.flatMap((version) => (version ? [[version.id, JSON.parse(version.schema)] as const] : [])));
  };

  return {
    async for(topic) {
      const subject = `${topic.name}-value`;
      const schema = topic.schema.avro;
      const id = await register(registry, subject, JSON.stringify(schema));
      return new AvroCodec({
        subject,
        id,
        schema,
        others: await versionsOf(subject),
        fetchSchema: async (unknown) => {
          const found = await get<{ schema: string }>(`/schemas/ids/${unknown}`);
          return found && schemaIn(found.schema);
        },
        now,
      });
    },
  };
}

/** Codecs that only read, for those who may not write to the registry: each schema is fetched when a record names it. */
export function createReadingCodecs(options: RegistryOptions) {
  const { timeoutMs = 10_000, now = () => performance.now() } = options;
  const get = registryGet(options.url.replace(/\/+$/, ''), timeoutMs);
  return {
    for<T>({ name, schema }: Pick<Topic<T>, 'name' | 'schema'>): Pick<Codec<T>, 'decode'> {
      const codec = new AvroCodec<T>({
        subject: `${name}-value`,
        // Of no schema: nothing is written, and nothing is read without asking.
        id: 0,
        schema: schema.avro,
        others: new Map(),
        fetchSchema: async (id) => {
          const found = await get<{ schema: string }>(`/schemas/ids/${id}`);
          return found && schemaIn(found.schema);
        },
        now,
      });
      return { decode: (bytes) => codec.decode(bytes) };
    },
  };
}

/** What is registered may be of another kind, which is no JSON: then its text, which is no Avro schema either. */
function schemaIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The same, once it is known that the registry answers. @throws RetriableError `registry_unavailable` */
export async function openRegistry(options: RegistryOptions): Promise<Codecs> {
  const { url, timeoutMs = 10_000 } = options;
  try {
    const response = await fetch(`${url}/subjects`, { signal: AbortSignal.timeout(timeoutMs) });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`it answers ${response.status}`);
  } catch (error) {
    throw new RetriableError('registry_unavailable', `the schema registry at ${url} does not answer`, { cause: error });
  }
  return createRegistryCodecs(options);
}
