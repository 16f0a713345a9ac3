import { type RawBuilder, sql } from 'kysely';
import type { Database } from './database.ts';

const PAGE = 5_000;

/** Tables of the index that follow from the log alone, with their keys. Checkpoints depend on how reads were grouped; any is true. */
const KEYS = {
  batches: ['batch_id'],
  subjects: ['app', 'wallet', 'root_version'],
  voids: ['partition', 'origin'],
} as const;

/**
 * The index in key order, one JSON line per row (bytes as hex): two dumps of one log under the same removals are equal.
 * Reads pages, not a snapshot: stop the indexer first.
 */
export async function* dumpIndex({ kysely }: Database): AsyncGenerator<string> {
  for (const [table, keys] of Object.entries(KEYS)) {
    const key = sql.join(keys.map((column) => sql.ref(column)));
    let after: RawBuilder<unknown> = sql``;
    for (;;) {
      const { rows } = await sql<Record<string, unknown>>`
        SELECT * FROM ${sql.table(table)} ${after} ORDER BY ${key} LIMIT ${sql.lit(PAGE)}`.execute(kysely);
      for (const row of rows) yield `${JSON.stringify({ table, ...sortedFields(row) })}\n`;
      const last = rows.at(-1);
      if (!last || rows.length < PAGE) break;
      after = sql`WHERE (${key}) > (${sql.join(keys.map((column) => last[column]))})`;
    }
  }
}

function sortedFields(row: Record<string, unknown>): Record<string, unknown> {
  const shown = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);
  return Object.fromEntries(
    Object.entries(row)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([column, value]) => [column, shown(value)]),
  );
}
