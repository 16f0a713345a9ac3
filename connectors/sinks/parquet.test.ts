import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeSink } from '../../services/pipeline/define-sink.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import parquet from './parquet.ts';

const context = { scopes: ['purchase'], log: '00' };
const APP = 'ab'.repeat(32);
let folder: string;

const row = (slot: number, time: number, purchase: string): ExportRow => ({
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
  scopes: { purchase },
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
    const columns = {
      amount: { scope: 'purchase', field: 'amount', type: 'decimal(18,2)' },
      bought_on: { scope: 'purchase', field: "o'n/day", type: 'date' },
    };
    const sink = makeSink(parquet, { folder, compression, columns }, context);
    await sink.check();
    const rows = [
      row(0, Date.UTC(2026, 1, 28, 23, 59, 59, 999), '{"amount":"12.345","o\'n/day":"2026-02-27"}'),
      row(1, Date.UTC(2026, 2, 1), 'not JSON'),
    ];
    const at = { partition: 1, from: { next: 0, mark: -1 }, to: { next: 4, mark: 3 }, first: 0, last: 3 };
    await sink.put(rows, at);
    await sink.close();

    const files = join(folder, 'app=*', '*', '*.parquet');
    expect(await readdir(join(folder, `app=${APP}`))).toEqual(['dt=2026-02-28', 'dt=2026-03-01']);
    expect(await readdir(join(folder, `app=${APP}`, 'dt=2026-03-01'))).toEqual([
      'p1-000000000000-000000000003.parquet',
    ]);
    expect(
      await query(`SELECT slot, amount, bought_on, dt, epoch_us(time) % 1000000 FROM read_parquet('${files}',
        hive_partitioning = true) ORDER BY slot`),
    ).toEqual([
      [0, '12.35', '2026-02-27', '2026-02-28', '999000'],
      [1, null, null, '2026-03-01', '0'],
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

  it('refuses columns that an engine which folds case could not tell apart, and scopes that it does not read', () => {
    const column = { scope: 'purchase', field: 'amount', type: 'bigint' };
    const make =
      (columns: object, scopes = ['purchase']) =>
      () =>
        makeSink(parquet, { folder, columns }, { ...context, scopes });
    expect(make({ wallet: column })).toThrow(/wallet/);
    expect(make({ dt: column })).toThrow(/dt/);
    expect(make({ amount: { ...column, scope: 'profile' } })).toThrow(/profile/);
    expect(make({}, ['purchase', 'Purchase'])).toThrow(/scope_purchase/);
    expect(make({ amount: { ...column, type: 'uuid' } })).toThrow();
  });
});
