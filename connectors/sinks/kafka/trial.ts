import { basename } from 'node:path';
import type { SeenRow, SinkTrial, TargetOf } from '../../../services/pipeline/define-sink.ts';
import { commonFrom } from '../../../services/pipeline/ports/row-columns.ts';
import type { Table } from '../../../services/pipeline/ports/table.ts';
import { CommittedReader, type CommittedRecord } from '../../kafka/index.ts';
import { rowDecoder, schemaIdOf } from '../../registry/row-codec.ts';
import { tableTopic } from './topics.ts';

/** Longer than markers take; in vain where a transaction is open. Milliseconds. */
const SETTLE_MS = 700;
const PARTITIONS = 4;

/** What a consumer has who reads what is committed, keeps the last value of each key and drops what has a tombstone. */
export async function kafkaTrial(scratch: string, target: TargetOf): Promise<SinkTrial> {
  const prefix = basename(scratch);
  const brokers = (await target('kafka')).split(',');
  const registry = await target('registry');
  const reader = new CommittedReader({ brokers, clientId: 'trial', log: { warn() {}, error() {} } });
  const schemas = new Map<number, unknown>();

  async function schemaOf(id: number): Promise<unknown> {
    const known = schemas.get(id);
    if (known) return known;
    const response = await fetch(`${registry}/schemas/ids/${id}`);
    const { schema } = (await response.json()) as { schema: string };
    schemas.set(id, JSON.parse(schema));
    return schemas.get(id);
  }

  async function seenIn(table: Table): Promise<SeenRow[]> {
    const topic = tableTopic(prefix, table.name);
    if (!(await exists(topic))) return [];
    const records = new Map<string, CommittedRecord>();
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      await reader.settled(topic, partition, SETTLE_MS);
      for await (const piece of reader.from(topic, partition, 0)) {
        for (const record of piece.records) {
          const name = `${partition}/${record.key}`;
          if (records.has(name) && record.value !== null) throw new Error(`${record.key} is there twice`);
          if (record.value === null) records.delete(name);
          else records.set(name, record);
        }
      }
    }
    const rows: SeenRow[] = [];
    for (const { value } of records.values()) {
      if (value === null) continue;
      const { common, values } = rowDecoder(await schemaOf(schemaIdOf(value)), table)(value);
      rows.push({ ...commonFrom(common), table: table.name, values });
    }
    return rows;
  }

  /** A subject is registered before its topic is written to. */
  async function exists(topic: string): Promise<boolean> {
    return (await fetch(`${registry}/subjects/${encodeURIComponent(`${topic}-value`)}/versions`)).ok;
  }

  return {
    config: { brokers, registry, prefix, partitions: PARTITIONS },
    async rows(tables) {
      const rows: SeenRow[] = [];
      for (const table of tables) rows.push(...(await seenIn(table)));
      return rows;
    },
    close: () => reader.close(),
  };
}
