import { setTimeout as pause } from 'node:timers/promises';
import { COMPATIBILITY, type SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { FatalError, RetriableError } from '../../services/pipeline/errors.ts';

/** Two that register a new subject at once: one of them is told that it is there already, or has no level yet. */
const RACE_ATTEMPTS = 10;
const RACE_PAUSE_MS = 100;
const RACED = new Set(['schema_level', 'schema_raced']);

/** Registers a version of a subject, FULL_TRANSITIVE. @returns the schema's id; the same schema always gets the same one. */
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
