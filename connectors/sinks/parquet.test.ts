import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeSink } from '../../services/pipeline/define-sink.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import type { Table } from '../../services/pipeline/ports/table.ts';
import parquet from './parquet.ts';

const context = { log: '00', name: 'shop' };
const APP = 'ab'.repeat(32);
let folder: string;

const table: Table = {
  name: 'PURCHASE',
  version: 2,
  columns: [
    { name: 'amount', type: { kind: 'decimal', precision: 18, scale: 2 } },
    { name: 'bought_on', type: 'date' },
    { name: 'lines', type: { kind: 'list', of: { kind: 'record', fields: [{ name: 'sku', type: 'string' }] } } },
  ],
};

const row = (slot: number, time: number, values: ExportRow['values']): ExportRow => ({
  app: APP,
  wallet: 'cd'.repeat(32),
  batchId: 'ef'.repeat(32),
  eventId: `event-${slot}`,
  type: 'PURCHASE',
  time,
  session: null,
  blob: null,
  signer: 'wallet',
  source: '00'.repeat(16),
  seq: 0,
  slot,
  origin: 3,
  issuedAt: 1_000,
  partition: 1,
  verified: true,
  table,
  values,
});

async function query(sql: string): Promise<unknown[][]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const rows = (await connection.runAndReadAll(sql)).getRowsJson();
  connection.closeSync();
  return rows;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddc-parquet-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('parquet', () => {
  it.each(['zstd', 'snappy'] as const)('writes types that other tools read, with %s', async (compression) => {
    const sink = makeSink(parquet, { folder, compression }, context);
    await sink.check();
    const rows = [
      row(0, Date.UTC(2026, 1, 28, 23, 59, 59, 999), { amount: 1235n, bought_on: 20_511, lines: [{ sku: 'a' }] }),
      row(1, Date.UTC(2026, 2, 1), {}),
    ];
    const at = { partition: 1, from: { next: 0, mark: -1 }, to: { next: 4, mark: 3 }, first: 0, last: 3 };
    await sink.put(rows, at);
    await sink.close();

    const files = join(folder, 'PURCHASE', 'app=*', '*', '*.parquet');
    expect(await readdir(join(folder, 'PURCHASE', `app=${APP}`))).toEqual(['dt=2026-02-28', 'dt=2026-03-01']);
    expect(await readdir(join(folder, 'PURCHASE', `app=${APP}`, 'dt=2026-03-01'))).toEqual([
      'p1-000000000000-000000000003-v2.parquet',
    ]);
    expect(
      await query(`SELECT slot, amount, bought_on, lines[1].sku, dt, epoch_us(time) % 1000000 FROM read_parquet('${files}',
        hive_partitioning = true) ORDER BY slot`),
    ).toEqual([
      [0, '12.35', '2026-02-27', 'a', '2026-02-28', '999000'],
      [1, null, null, null, '2026-03-01', '0'],
    ]);
    const types =
      await query(`SELECT DISTINCT name, coalesce(logical_type, converted_type) FROM parquet_schema('${files}')
      WHERE name IN ('time', 'amount', 'bought_on') ORDER BY name`);
    expect(types.map(([, type]) => type)).toEqual([
      expect.stringContaining('DecimalType'),
      'DATE',
      expect.stringMatching(/isAdjustedToUTC=1.*MICROS/),
    ]);
    expect(await query(`SELECT DISTINCT lower(compression) FROM parquet_metadata('${files}')`)).toEqual([
      [compression],
    ]);
  });
});
