import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import type { Table } from '../../services/pipeline/ports/table.ts';
import { register } from './register.ts';
import { rowEncoder } from './row-codec.ts';
import { rowSchema } from './row-schema.ts';

/** Registers the tables of an export, each version once, and writes their rows. */
export interface RowSchemas {
  /**
   * @param topic whose subject is `<topic>-value`
   * @throws FatalError `schema_incompatible` with an earlier version; RetriableError `registry_unavailable`
   */
  encoder(topic: string, table: Table): Promise<(row: ExportRow) => Uint8Array>;
}

/** @param url base of the Confluent API */
export function createRowSchemas(url: string): RowSchemas {
  const registry = new SchemaRegistry({ host: url.replace(/\/+$/, ''), clientId: 'ddc' });
  const known = new Map<string, (row: ExportRow) => Uint8Array>();
  return {
    async encoder(topic, table) {
      const schema = JSON.stringify(rowSchema(table));
      // By what it says: the same version of `events` has other columns where the export has other scopes.
      const name = `${topic}\n${schema}`;
      const encoder = known.get(name) ?? rowEncoder(table, await register(registry, `${topic}-value`, schema));
      known.set(name, encoder);
      return encoder;
    },
  };
}
