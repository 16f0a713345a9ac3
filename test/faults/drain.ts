import { sql } from 'kysely';
import { exportedRows } from '../../cli/census/exported-rows.ts';
import { fromHex, toHex } from '../../protocol/index.ts';
import type { Flow } from './flow.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

/** Batches (hex) that have not come so far. */
export interface Missing {
  readonly index: readonly string[];
  readonly settlement: readonly string[];
  readonly export: readonly string[];
}

/**
 * Waits until all that was accepted is indexed, settled and exported.
 * @returns seconds it took
 * @throws an error that names what is missing where, and how far each stage is
 */
export async function drain(world: World, flow: Flow, within: number): Promise<number> {
  const began = performance.now();
  let missing: Missing | null = null;
  const drained = await until(
    async () => {
      if (!flow.done) return null;
      missing = await missingOf(world, flow);
      return missing.index.length + missing.settlement.length + missing.export.length === 0 ? true : null;
    },
    { within, every: 1_000 },
  );
  if (!drained) throw new Error(await explain(world, flow, missing, within));
  return Math.round((performance.now() - began) / 100) / 10;
}

async function missingOf({ database, deployment }: World, flow: Flow): Promise<Missing> {
  const wanted = [...flow.batches.keys()].filter((id) => !flow.reported.has(id));
  const absent = (found: ReadonlySet<string>) => wanted.filter((id) => !found.has(id));
  const ids = wanted.map((id) => Buffer.from(fromHex(id, 32)));
  const { rows: indexed } = await sql<{ id: Uint8Array }>`
    SELECT batch_id AS id FROM batches WHERE batch_id = ANY(${ids}::bytea[])`.execute(database.kysely);
  const { rows: settled } = await sql<{ id: Uint8Array }>`
    SELECT batch_id AS id FROM leaves JOIN rounds USING (round, app)
    WHERE state = 'final' AND batch_id = ANY(${ids}::bytea[])`.execute(database.kysely);
  const index = absent(new Set(indexed.map(({ id }) => toHex(id))));
  const settlement = absent(new Set(settled.map(({ id }) => toHex(id))));
  // Reading all of the Parquet is work: not before the rest is there.
  if (index.length + settlement.length > 0) return { index, settlement, export: wanted };
  const rows = await exportedRows(deployment.exportFolder, new Set(wanted));
  return { index, settlement, export: absent(new Set(rows.map(({ batchId }) => batchId))) };
}

async function explain(world: World, flow: Flow, missing: Missing | null, within: number): Promise<string> {
  const { given: events } = flow;
  const { label } = flow.options;
  const lines = [`${label}: not drained after ${within / 1000} s. Logs of the rooms: ${world.logs}`];
  if (!flow.done) {
    lines.push(
      `${events - flow.safe.size} of ${events} events are not yet called safe; ${flow.open.size} requests are open.`,
    );
  }
  for (const [where, ids] of Object.entries(missing ?? {}) as [string, readonly string[]][]) {
    if (ids.length > 0)
      lines.push(`${ids.length} batches are missing in the ${where}: ${ids.slice(0, 3).join(', ')} …`);
  }
  const first = missing?.index[0] ?? missing?.settlement[0] ?? missing?.export[0];
  if (first) {
    const { rows } = await sql<{ partition: number; origin: number }>`
      SELECT partition, origin FROM batch_ids WHERE batch_id = ${Buffer.from(fromHex(first, 32))}`.execute(
      world.database.kysely,
    );
    lines.push(
      `${first} has ${rows[0] ? `partition ${rows[0].partition}, origin ${rows[0].origin}` : 'no origin yet'}.`,
    );
  }
  const { rows } = await sql<{ stage: string; partition: number; next: number; mark: number }>`
    SELECT stage, partition, next, mark FROM positions ORDER BY partition, stage`.execute(world.database.kysely);
  for (const row of rows) lines.push(`  partition ${row.partition} ${row.stage}: next ${row.next}, mark ${row.mark}`);
  return lines.join('\n');
}
