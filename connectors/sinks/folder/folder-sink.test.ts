import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeSink, type SinkStep } from '../../../services/pipeline/define-sink.ts';
import type { ExportRow, Sink } from '../../../services/pipeline/ports/sink.ts';
import { EVENTS } from '../../../test/contract/sink-tables.ts';
import ndjson from '../ndjson.ts';
import parquet from '../parquet.ts';

const APP = 'a1'.repeat(32);
const [GONE, KEPT] = ['aa'.repeat(32), 'bb'.repeat(32)];
const erasure = { app: APP, wallet: GONE, before: 100, issuedAt: 1 };

const row = (origin: number, wallet: string): ExportRow => ({
  app: APP,
  wallet,
  batchId: '00'.repeat(32),
  eventId: `event-${origin}`,
  type: 'purchase',
  time: 0,
  session: null,
  blob: null,
  signer: 'wallet',
  source: 'c3'.repeat(16),
  seq: origin,
  slot: 0,
  origin,
  partition: 0,
  issuedAt: 1_000,
  verified: true,
  table: EVENTS,
  values: { scope_purchase: `of ${wallet}` },
});
const delivery = (first: number, last: number) => ({
  partition: 0,
  from: { next: first, mark: first - 1 },
  to: { next: last + 1, mark: last },
  first,
  last,
});

/** What a process leaves that is killed at a step: it never gets further. */
const killedAt = (at: SinkStep) => {
  let tell = () => {};
  const killed = new Promise<void>((resolve) => {
    tell = resolve;
  });
  let dead = false;
  const reach = (step: SinkStep) => {
    if (step === at) {
      dead = true;
      tell();
    }
    return dead ? new Promise<void>(() => {}) : undefined;
  };
  return { reach, killed };
};

describe.each([ndjson, parquet])('$name', (spec) => {
  let folder: string;
  const opened: Sink[] = [];

  async function open(reach?: (step: SinkStep) => void | Promise<void>): Promise<Sink> {
    const context = { log: 'f6', name: 'shop', ...(reach ? { reach } : {}) };
    const config = spec.config.parse({ folder });
    const sink = makeSink<unknown>(spec as typeof ndjson & typeof parquet, config, context);
    if (!reach) opened.push(sink);
    await sink.check();
    return sink;
  }

  /** Files of rows, wherever they stand. */
  async function files(under = ''): Promise<string[]> {
    const found = await readdir(join(folder, under), { recursive: true, withFileTypes: true });
    return found.filter((one) => one.isFile() && /\.(ndjson|parquet)$/.test(one.name)).map((one) => one.name);
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), `ddc-folder-${spec.name}-`));
  });
  afterEach(async () => {
    for (const sink of opened.splice(0)) await sink.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('leaves nothing on disk of a delivery that failed', async () => {
    const sink = await open((step) => {
      if (step === 'staged') throw new Error('no way');
    });
    await expect(sink.put([row(0, GONE)], delivery(0, 0))).rejects.toThrow('no way');
    expect(await files()).toEqual([]);
    await sink.close();
  });

  it('erases what a killed delivery had staged', async () => {
    const { reach, killed } = killedAt('staged');
    void (await open(reach)).put([row(0, GONE)], delivery(0, 0));
    await killed;
    const next = await open();
    expect(await files()).toHaveLength(1);
    await next.erase([erasure]);
    expect(await files()).toEqual([]);
    expect(await next.put([row(0, GONE), row(0, KEPT)], delivery(0, 0))).toBe(true);
    expect(await files()).toHaveLength(1);
  });

  it('clears, at its start, what was staged too late', async () => {
    const sink = await open();
    await sink.put([row(0, KEPT)], delivery(0, 0));
    const late = join(folder, '_ddc', '0', 'staging', '0000000001-slept1');
    await mkdir(late);
    await writeFile(join(late, `0${spec.name === 'ndjson' ? '.ndjson' : '.parquet'}`), 'rows');
    await open();
    expect(await files('_ddc')).toEqual([]);
    expect(await files()).toHaveLength(1);
  });

  it('clears the drafts of an erasure that was killed, and does it', async () => {
    const first = await open();
    await first.put([row(0, GONE), row(0, KEPT)], delivery(0, 0));
    const { reach, killed } = killedAt('drafted');
    void (await open(reach)).erase([erasure]);
    await killed;
    expect(await files('_ddc')).toHaveLength(1);
    await (await open()).erase([erasure]);
    expect(await files('_ddc')).toEqual([]);
    expect(await files()).toHaveLength(1);
  }, 15_000);

  it('does an erasure that is done no second time, and names nobody in its books', async () => {
    const sink = await open();
    await sink.put([row(0, GONE), row(0, KEPT)], delivery(0, 0));
    await sink.erase([erasure]);
    const books = async () => (await readdir(join(folder, '_ddc', '0'))).length;
    const before = await books();
    let steps = 0;
    const again = await open(() => {
      steps += 1;
    });
    await again.erase([erasure, { ...erasure, before: 7, issuedAt: 0 }]);
    expect([steps, await books()]).toEqual([0, before]);
    expect(await readFile(join(folder, '_ddc', 'erased.json'), 'utf8')).not.toContain(GONE);
    await again.close();
  });

  it('refuses a folder in which rows did not belong to tables yet', async () => {
    await mkdir(join(folder, `app=${APP}`, 'dt=2026-01-01'), { recursive: true });
    await expect(open()).rejects.toMatchObject({ code: 'old_layout', message: expect.stringContaining(folder) });
  });

  it('waits for a folder that is gone', async () => {
    const sink = await open();
    await sink.put([row(0, KEPT)], delivery(0, 0));
    await rm(folder, { recursive: true });
    await expect(sink.put([row(1, KEPT)], delivery(1, 1))).rejects.toMatchObject({ code: 'sink_unavailable' });
    expect(await readdir(join(folder, '..'))).not.toContain(folder);
  });
});
