import { setTimeout as pause } from 'node:timers/promises';
import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { FatalError, RetriableError } from '../../services/pipeline/errors.ts';
import type { Codecs } from '../../services/pipeline/ports/codec.ts';
import { AvroCodec } from './avro-codec.ts';

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

  const get = async <T>(path: string): Promise<T | null> => {
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(timeoutMs) });
      if (response.ok) return (await response.json()) as T;
    } catch (error) {
      throw new RetriableError('registry_unavailable', `the schema registry does not answer ${path}`, { cause: error });
    }
    if (response.status === 404) return null;
    throw new RetriableError('registry_unavailable', `the schema registry answers ${response.status} to ${path}`);
  };

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

/** Two that register a new subject at once: one of them is told that it is there already, or has no level yet. */
const RACE_ATTEMPTS = 10;
const RACE_PAUSE_MS = 100;
const RACED = new Set(['schema_level', 'schema_raced']);

/** @returns the schema's id; the same schema always gets the same one. */
export async function register(registry: SchemaRegistry, subject: string, schema: string): Promise<number> {
  for (let n = 1; ; n += 1) {
    try {
      return await registerOnce(registry, subject, schema);
    } catch (error) {
      if (!(error instanceof FatalError) || !RACED.has(error.code) || n === RACE_ATTEMPTS) throw error;
      await pause(RACE_PAUSE_MS);
    }
  }
}

async function registerOnce(registry: SchemaRegistry, subject: string, schema: string): Promise<number> {
  try {
    const compatibility = COMPATIBILITY.FULL_TRANSITIVE;
    const { id } = await registry.register({ type: SchemaType.AVRO, schema }, { subject, compatibility });
    return id;
  } catch (error) {
    const { name, message, status } = error as { name?: string; message?: string; status?: number };
    if (status === 409 && message?.includes('already exists')) {
      throw new FatalError('schema_raced', `${subject}: ${message}`, { cause: error });
    }
    if (status === 409) {
      const advice = 'give every new field a default, remove none without one, and change no type';
      throw new FatalError(
        'schema_incompatible',
        `${subject}: not FULL_TRANSITIVE with what is registered (${advice}): ${message}`,
        {
          cause: error,
        },
      );
    }
    if (name === 'ConfluentSchemaRegistryCompatibilityError') {
      throw new FatalError('schema_level', `${subject}: the registry has another compatibility level: ${message}`, {
        cause: error,
      });
    }
    // Not 400: that is also what the client library makes of a connection that fails.
    if (status === 422) {
      throw new FatalError('schema_refused', `${subject}: the registry refuses the schema: ${message}`, {
        cause: error,
      });
    }
    throw new RetriableError('registry_unavailable', `${subject}: the schema registry cannot register: ${message}`, {
      cause: error,
    });
  }
}
