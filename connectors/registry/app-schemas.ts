import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { RetriableError } from '../../services/pipeline/errors.ts';
import type { AppSchema, AppSchemas } from '../../services/pipeline/ports/app-schemas.ts';
import { subjectOf, subjectPrefix } from '../../services/pipeline/typed/names.ts';
import { avroSchemaIn } from './avro-text.ts';
import { register } from './register.ts';
import type { RegistryOptions } from './registry.ts';
import { registryGet } from './registry-http.ts';

export interface AppSchemaOptions extends RegistryOptions {
  /** Of the deployment's topics: one registry may serve several. */
  readonly prefix: string;
}

interface Version {
  readonly version: number;
  readonly id: number;
  readonly schema: string;
}

/** Schemas of apps in a registry with the Confluent API, under `ddc.app.<app>.<type>`. Versions do not change, so each is read once. */
export function createAppSchemas({ prefix, timeoutMs = 10_000, ...options }: AppSchemaOptions): AppSchemas {
  const url = options.url.replace(/\/+$/, '');
  const get = registryGet(url, timeoutMs);
  const registry = new SchemaRegistry({ host: url, clientId: 'ddc' });
  const read = new Map<string, Promise<Version | null>>();

  function version(subject: string, number: number): Promise<Version | null> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions/${number}`;
    const known = read.get(path);
    if (known) return known;
    const asked = get<Version>(path);
    read.set(path, asked);
    const forget = () => read.delete(path);
    asked.then((found) => found === null && forget(), forget);
    return asked;
  }

  async function versions(app: string, type: string): Promise<(AppSchema & { readonly id: number })[]> {
    const subject = subjectOf(prefix, app, type);
    const numbers = (await get<number[]>(`/subjects/${encodeURIComponent(subject)}/versions`)) ?? [];
    const found = await Promise.all(numbers.sort((a, b) => a - b).map((number) => version(subject, number)));
    return found.flatMap((one) => (one ? [{ app, type, version: one.version, text: one.schema, id: one.id }] : []));
  }

  const plain = ({ app, type, version: number, text }: AppSchema): AppSchema => ({ app, type, version: number, text });

  return {
    async types(app) {
      const before = subjectPrefix(prefix, app);
      const subjects = (await get<string[]>('/subjects')) ?? [];
      return subjects.flatMap((subject) => (subject.startsWith(before) ? [subject.slice(before.length)] : [])).sort();
    },

    versions: async (app, type) => (await versions(app, type)).map(plain),

    async add(app, type, text) {
      avroSchemaIn(text);
      const id = await register(registry, subjectOf(prefix, app, type), text);
      const added = (await versions(app, type)).find((one) => one.id === id);
      if (added) return plain(added);
      throw new RetriableError('registry_unavailable', `the schema registry does not know schema ${id} of ${type} yet`);
    },
  };
}
