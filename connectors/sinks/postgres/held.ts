import type { HeldRow, HeldRows } from '../../../services/pipeline/ports/sink.ts';
import type { Books } from './books.ts';
import { quoted } from './names.ts';
import type { Pool } from './pool.ts';

/** Fetched together. */
const ROWS = 5_000;
const COLUMNS = `app, wallet, batch_id, slot, event_id, (extract(epoch FROM time) * 1000)::float8 AS time_ms, session,
  (extract(epoch FROM issued_at) * 1000)::float8 AS issued_ms, origin`;

function heldRow(row: Readonly<Record<string, unknown>>): HeldRow {
  const [app, wallet, batchId, eventId] = [row.app, row.wallet, row.batch_id, row.event_id].map(String) as [
    string,
    string,
    string,
    string,
  ];
  return {
    ...{ app, wallet, batchId, eventId, slot: Number(row.slot), origin: Number(row.origin) },
    ...{ time: Number(row.time_ms), issuedAt: Number(row.issued_ms) },
    session: typeof row.session === 'string' ? row.session : null,
  };
}

/** Shows what `SELECT` finds in every table of the schema, each as it was when its reading began. */
export async function heldRows(
  { query, transaction }: Pool,
  { tables }: Books,
  schema: string,
  show: (some: HeldRows) => Promise<void>,
): Promise<void> {
  const [there] = await query('SELECT to_regclass($1) AS tables', [tables]);
  if (there?.tables === null) return;
  for (const { name, relation } of await query(`SELECT name, relation FROM ${tables} ORDER BY name`)) {
    const place = `${quoted(schema)}.${quoted(String(relation))}`;
    const [made] = await query('SELECT to_regclass($1) AS relation', [place]);
    // Its name was taken, and then whoever took it died.
    if (made?.relation === null) continue;
    await transaction(async (read) => {
      await read(`DECLARE held NO SCROLL CURSOR FOR SELECT ${COLUMNS} FROM ${place}`);
      for (let rows: HeldRow[] = []; ; ) {
        rows = (await read(`FETCH ${ROWS} FROM held`)).map(heldRow);
        if (rows.length > 0) await show({ table: String(name), place: `${schema}.${relation}`, rows });
        if (rows.length < ROWS) return true;
      }
    });
  }
}
