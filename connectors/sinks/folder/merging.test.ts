import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { makeSink, type SinkContext } from '../../../services/pipeline/define-sink.ts';
import type { Sink } from '../../../services/pipeline/ports/sink.ts';
import { EVENTS } from '../../../test/contract/sink-tables.ts';
import { delivery, erasureOf, GONE, gate, heldAt, KEPT, row } from '../../../test/support/s3-world.ts';
import { seen, shown } from '../../../test/support/seen-rows.ts';
import { seenRows } from '../duckdb/seen-rows.ts';
import parquet from '../parquet.ts';

let folder: string;
const opened: Sink[] = [];

async function open(reach?: SinkContext['reach'], config = {}): Promise<Sink> {
  const sink = makeSink(
    parquet,
    { folder, smallFiles: 4, ...config },
    { log: 'f6', name: 'shop', ...(reach ? { reach } : {}) },
  );
  opened.push(sink);
  await sink.check();
  return sink;
}

async function putMany(sink: Sink, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1)
    expect(await sink.put([row(n, n === 1 ? GONE : KEPT)], delivery(n, n))).toBe(true);
}

const rowsOf = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => row(from + i, from + i === 1 ? GONE : KEPT));
const rows = async () => seen(await seenRows(folder, [EVENTS]));
const files = async () => (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.parquet'));
const merged = expect.stringMatching(/p0-000000000000-000000000003-v0\.parquet$/);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddc-merging-'));
});
afterEach(async () => {
  for (const sink of opened.splice(0)) await sink.close();
  await rm(folder, { recursive: true, force: true });
});

it('makes one file of small neighbours, with the same rows, and leaves nothing beside it', async () => {
  const sink = await open();
  await putMany(sink, 0, 3);
  expect(await files()).toEqual([merged]);
  await putMany(sink, 4, 5);
  expect(await rows()).toEqual(shown(rowsOf(0, 5)));
  expect((await readdir(join(folder, '_ddc'))).sort()).toEqual(['0', 'log']);
});

it('merges the few that are old, and nothing where it is off', async () => {
  await putMany(await open(undefined, { smallFiles: 0 }), 0, 2);
  expect(await files()).toHaveLength(3);
  const sink = await open(undefined, { smallFiles: 100, smallFileMinutes: 1e-9 });
  await putMany(sink, 3, 3);
  expect(await files()).toEqual([merged]);
});

it('ends what somebody decided and died, when the folder is opened next', async () => {
  const dying = await open((step) => {
    if (step === 'rewritten') throw new Error('killed');
  });
  await putMany(dying, 0, 2);
  await expect(dying.put([row(3)], delivery(3, 3))).rejects.toThrow('killed');
  expect(await files()).toHaveLength(4);
  await open();
  expect(await files()).toEqual([merged]);
  expect(await rows()).toEqual(shown(rowsOf(0, 3)));
});

it('brings nothing back that was erased while its holder slept', async () => {
  const held = gate();
  const sleeper = await open(async (step) => {
    if (step === 'beating') await held.opened;
    await heldAt('drafted', held)(step);
  });
  await putMany(sleeper, 0, 2);
  const last = sleeper.put([row(3)], delivery(3, 3));
  await held.arrived;
  await (await open()).erase([erasureOf(GONE, 4)]);
  held.open();
  expect(await last).toBe(true);
  expect(await rows()).toEqual(shown([row(0), row(2), row(3)]));
}, 30_000);

it('is read back with every row that was there, also when files are merged while it is being read', async () => {
  const sink = await open();
  await putMany(sink, 0, 2);
  const origins: number[] = [];
  await sink.held?.(async (some) => {
    origins.push(...some.rows.map(({ origin }) => origin));
    if (origins.length === 1) await putMany(sink, 3, 3);
  });
  expect(await files()).toEqual([merged]);
  expect(origins).toEqual([0, 0, 1, 2, 3]);
});
