import { FatalError } from '../../services/pipeline/errors.ts';
import type { AppSchema, AppSchemas } from '../../services/pipeline/ports/app-schemas.ts';
import { avroSchemaIn } from './avro-text.ts';
import { compatible } from './memory-registry.ts';

/** The memory twin of apps' schemas in a registry, with the same versions and refusals. */
export function memoryAppSchemas(): AppSchemas {
  const kept: AppSchema[] = [];
  const of = (app: string, type: string) => kept.filter((one) => one.app === app && one.type === type);
  return {
    types: async (app) => [...new Set(kept.filter((one) => one.app === app).map(({ type }) => type))].sort(),
    versions: async (app, type) => of(app, type),
    async add(app, type, text) {
      const schema = avroSchemaIn(text);
      const before = of(app, type);
      const known = before.find((one) => one.text === text);
      if (known) return known;
      for (const one of before) {
        if (!compatible(schema, JSON.parse(one.text)))
          throw new FatalError('schema_incompatible', `${type}: not FULL_TRANSITIVE with version ${one.version}`);
      }
      const added = { app, type, version: before.length + 1, text };
      kept.push(added);
      return added;
    },
  };
}
