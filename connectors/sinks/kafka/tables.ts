import type { ExportRow } from '../../../services/pipeline/ports/sink.ts';
import type { Table } from '../../../services/pipeline/ports/table.ts';
import { ensureTopic, type KafkaOptions, type TransactionRecord } from '../../kafka/index.ts';
import { createRowSchemas } from '../../registry/index.ts';
import type { Book } from './book.ts';
import { recordOf } from './record.ts';
import { rowsTopic, type TopicPlan, tableTopic } from './topics.ts';

/** Records for one topic. */
export interface TopicRecords {
  readonly topic: string;
  readonly records: readonly TransactionRecord[];
}

export interface Tables {
  /** Rows as records, in their order in each topic; topics and schemas that are missing are made first. */
  recordsOf(rows: readonly ExportRow[]): Promise<TopicRecords[]>;
}

export function openTables(kafka: KafkaOptions, plan: TopicPlan & { readonly registry: string }, book: Book): Tables {
  const schemas = createRowSchemas(plan.registry);
  const made = new Set<string>();

  async function make(name: string): Promise<void> {
    if (made.has(name)) return;
    // Noted first: a topic that the book does not know would keep its rows when they are erased.
    await book.noteTables([name]);
    await ensureTopic(kafka, rowsTopic(plan, name));
    made.add(name);
  }

  async function encoderOf(topic: string, table: Table): Promise<(row: ExportRow) => TransactionRecord> {
    await make(table.name);
    const encode = await schemas.encoder(topic, table);
    return (row) => recordOf(row, encode(row));
  }

  return {
    async recordsOf(rows) {
      const byTopic = new Map<string, TransactionRecord[]>();
      const encoders = new Map<Table, (row: ExportRow) => TransactionRecord>();
      for (const row of rows) {
        const { table } = row;
        const topic = tableTopic(plan.prefix, table.name);
        const encode = encoders.get(table) ?? (await encoderOf(topic, table));
        encoders.set(table, encode);
        const records = byTopic.get(topic) ?? [];
        records.push(encode(row));
        byTopic.set(topic, records);
      }
      return [...byTopic].map(([topic, records]) => ({ topic, records }));
    },
  };
}
