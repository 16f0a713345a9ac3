import pg from 'pg';
import type { SeenRow } from '../../../services/pipeline/define-sink.ts';
import { parseExact } from '../../../services/pipeline/exact-json.ts';
import { COMMON_COLUMNS, commonFrom } from '../../../services/pipeline/ports/row-columns.ts';
import type { ColumnType, Table, Value } from '../../../services/pipeline/ports/table.ts';
import { jsonValue } from '../json/value.ts';
import { columnName, quoted } from './names.ts';

/** As `to_json` writes it: bytes in hex, instants with an offset. */
function shownValue(type: ColumnType, json: unknown): Value {
  if (json === null || json === undefined) return null;
  if (type === 'bytes') return new Uint8Array(Buffer.from(String(json).slice(2), 'hex'));
  if (type === 'timestamp') return jsonValue(type, String(json).replace('+00:00', 'Z'));
  if (typeof type !== 'string' && type.kind === 'list' && typeof type.of === 'string') {
    return (json as readonly unknown[]).map((item) => shownValue(type.of, item));
  }
  return jsonValue(type, json);
}

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, ssl: false, options: '-c timezone=UTC' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export const dropSchema = (url: string, schema: string): Promise<void> =>
  connected(url, async (client) => {
    await client.query(`DROP SCHEMA IF EXISTS ${quoted(schema)} CASCADE`);
  });

/** The rows as any consumer reads them: `SELECT * FROM <table>`, for every table that is there. */
export const readSchema = (url: string, schema: string, tables: readonly Table[]): Promise<SeenRow[]> =>
  connected(url, async (client) => {
    const names = await client.query(`SELECT name, relation FROM ${quoted(schema)}._ddc_tables`);
    const rows: SeenRow[] = [];
    for (const { name, relation } of names.rows as { name: string; relation: string }[]) {
      const columns = tables.find((table) => table.name === name)?.columns ?? [];
      const from = `${quoted(schema)}.${quoted(relation)}`;
      const { rows: found } = await client.query(`SELECT to_json(t)::text AS line FROM ${from} AS t`);
      for (const { line } of found as { line: string }[]) {
        const json = parseExact(line) as Readonly<Record<string, unknown>>;
        const common = COMMON_COLUMNS.map(({ name: of, type }) => [of, shownValue(type, json[of])] as const);
        const values = columns.map(({ name: of, type }) => [of, shownValue(type, json[columnName(of)])] as const);
        rows.push({ ...commonFrom(Object.fromEntries(common)), table: name, values: Object.fromEntries(values) });
      }
    }
    return rows;
  });
