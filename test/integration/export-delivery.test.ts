import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sinks } from '../../connectors/sinks/index.ts';
import { createMemoryRemovedEvents } from '../../connectors/vault/memory-removed-events.ts';
import { fromHex, ready } from '../../protocol/index.ts';
import type { Pinned } from '../../schemas/index.ts';
import { type DeliveryCount, deliver } from '../../services/exporter/deliver.ts';
import { ErasedOwners } from '../../services/exporter/erased-owners.ts';
import { untypedRows } from '../../services/exporter/events-table.ts';
import { makeSink, type SinkTrial } from '../../services/pipeline/define-sink.ts';
import { START } from '../../services/pipeline/ports/positions.ts';
import type { ExportRow, Sink } from '../../services/pipeline/ports/sink.ts';
import { type Selector, sessionMark } from '../../services/pipeline/rules/removal.ts';
import { batchMaker, type MadeBatch, SCOPES, TABLE, testVault, voidOf } from '../support/pinned-batches.ts';
import { seen, shown } from '../support/seen-rows.ts';
import { targetOf } from '../support/targets.ts';

beforeAll(ready);

const accepted = (values: readonly Pinned[]) =>
  values.map((value, origin) => ({
    origin,
    value,
    retryOf: null,
    record: { offset: origin, key: value.wallet, value: new Uint8Array(), headers: {} },
  }));
const rowsOf = (made: readonly MadeBatch[]): ExportRow[] =>
  made.flatMap(({ rows }, origin) => rows.map((row) => ({ ...row, origin, partition: 2 })));
const to = (next: number) => ({ next, mark: next - 1 });

/** Of the delivery nothing depends on the target; what takes long to start has its contract suite alone. */
const quick = sinks.filter(({ name }) => name !== 'opensearch');

describe.each(quick.map((spec) => [spec.name, spec] as const))('an export to %s', (_, spec) => {
  let scratch: string;
  let trial: SinkTrial;
  let sink: Sink;
  let counts: Partial<Record<DeliveryCount, number>>;

  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'ddc-export-'));
    trial = await spec.trial(scratch, targetOf);
    sink = makeSink(spec, trial.config, { log: '01'.repeat(16), name: 'shop', ...trial.context });
    await sink.check();
    counts = {};
    // A target may have to be built first.
  }, 300_000);
  afterEach(async () => {
    await sink.close();
    await trial.close?.();
    await rm(scratch, { recursive: true, force: true });
  });

  const visible = async () => seen(await trial.rows([TABLE]));

  const start = (vault: ReturnType<typeof testVault>, app: string, scopes = SCOPES, erased = new ErasedOwners()) =>
    deliver({
      plan: { name: 'test', app, scopes },
      sink,
      vault,
      erased,
      erasures: { of: async () => [] },
      rowMakers: { for: async () => untypedRows(scopes) },
      removedEvents: createMemoryRemovedEvents(vault.tables),
      breathe: async () => undefined,
      count: (kind, n) => {
        counts[kind] = (counts[kind] ?? 0) + n;
      },
    });

  it('shows the rows that went in, and nothing of the scope that it may not read', async () => {
    const vault = testVault();
    const maker = batchMaker(vault, vault.requests);
    const made = [
      await maker.make(maker.newWallet(), 7, Date.UTC(2026, 1, 28, 23, 59, 58)),
      await maker.make(maker.newWallet(), 3),
    ];
    expect(await start(vault, maker.app)(2, START, to(2), accepted(made.map((one) => one.pinned)))).toBe(true);
    expect(await visible()).toEqual(shown(rowsOf(made)));
    expect(counts).toEqual({ rows: 10 });
  });

  it('exports one app, passes voids over, and moves its position past both', async () => {
    const vault = testVault();
    const [mine, other] = [batchMaker(vault, vault.requests), batchMaker(vault, vault.requests)];
    const made = [await other.make(other.newWallet(), 2), await mine.make(mine.newWallet(), 2)];
    const gone = await mine.make(mine.newWallet(), 2);
    const records = [...made.map((one) => one.pinned), voidOf(gone.pinned, 'duplicate')];
    expect(await start(vault, mine.app)(2, START, to(3), accepted(records))).toBe(true);
    expect(await visible()).toEqual(shown(rowsOf(made).filter((row) => row.app === mine.app)));
    expect(await sink.position(2)).toEqual(to(3));
  });

  it('leaves out events that have none of its scopes', async () => {
    const vault = testVault();
    const maker = batchMaker(vault, vault.requests);
    const made = await maker.make(maker.newWallet(), 4);
    await start(vault, maker.app, ['profile'])(2, START, to(1), accepted([made.pinned]));
    const table = { ...TABLE, columns: TABLE.columns.filter(({ name }) => name === 'scope_profile') };
    const visibleRows = seen(await trial.rows([table]));
    expect(visibleRows.map((row) => [row.slot, Object.keys(row.values)])).toEqual([
      [0, ['scope_profile']],
      [2, ['scope_profile']],
    ]);
  });

  it('shows nothing of what the vault refuses', async () => {
    const vault = testVault();
    const maker = batchMaker(vault, vault.requests, { allowed: ['secret'] });
    const other = batchMaker(vault, vault.requests, { allowed: [] });
    const made = await maker.make(maker.newWallet(), 2);
    await start(vault, maker.app)(2, START, to(1), accepted([made.pinned]));
    const refused = await other.make(other.newWallet(), 2);
    await start(vault, other.app)(2, to(1), to(2), [{ ...accepted([refused.pinned])[0], origin: 1 } as never]);
    expect(await visible()).toEqual([]);
    expect(counts).toEqual({ rows: 0, no_key: 1 });
    expect(await sink.position(2)).toEqual(to(2));
  });

  it('fails on a batch that our own encryptor sealed wrongly, and skips one that a client did', async () => {
    const vault = testVault();
    const maker = batchMaker(vault, vault.requests);
    const [one, two] = [await maker.make(maker.newWallet(), 1), await maker.make(maker.newWallet(), 1)];
    const body = one.pinned.body && two.pinned.body && { ...one.pinned.body, meta: two.pinned.body.meta };
    await expect(start(vault, maker.app)(2, START, to(1), accepted([{ ...one.pinned, body }]))).rejects.toThrow();
    expect(await sink.position(2)).toEqual(START);
    const client = { ...one.pinned, body: body && { ...body, mode: 'client' as const } };
    expect(await start(vault, maker.app)(2, START, to(1), accepted([client]))).toBe(true);
    expect(counts).toEqual({ mismatch: 1, rows: 0 });
  });

  it('never shows what is removed when it is delivered, by id, time or session', async () => {
    const vault = testVault();
    const maker = batchMaker(vault, vault.requests);
    const [one, other] = [maker.newWallet(), maker.newWallet()];
    const made = [await maker.make(one, 6), await maker.make(other, 6)];
    const [rows = []] = made.map((batch) => batch.rows);
    const owner = { app: fromHex(maker.app), wallet: one.publicKey };
    const time = rows[2]?.time ?? 0;
    const selectors: Selector[] = [
      { events: [rows[0]?.eventId ?? ''] },
      { from: time, to: time + 1 },
      { session: sessionMark(owner, rows[4]?.session ?? '') },
    ];
    const issuedAt = Date.now();
    for (const [n, selector] of selectors.entries())
      vault.tables.removals.push({ ...owner, id: new Uint8Array(16).fill(n), issuedAt, selector });
    await start(vault, maker.app)(2, START, to(2), accepted(made.map((batch) => batch.pinned)));
    const gone = (row: ExportRow) =>
      row.origin === 0 && (row.slot === 0 || row.slot === 2 || row.session === rows[4]?.session);
    const left = rowsOf(made).filter((row) => !gone(row));
    expect(await visible()).toEqual(shown(left));
    expect(left.length).toBeLessThan(12);
    expect(counts).toEqual({ rows: left.length });
  });

  it('drops what an erasure reaches', async () => {
    const vault = testVault();
    const maker = batchMaker(vault, vault.requests);
    const [gone, kept] = [maker.newWallet(), maker.newWallet()];
    const made = [await maker.make(gone, 2), await maker.make(kept, 2), await maker.make(gone, 2)];
    const erased = new ErasedOwners();
    const owner = { app: fromHex(maker.app), wallet: gone.publicKey };
    erased.learn([{ ...owner, issuedAt: 0, fence: 1, rootVersions: [] }]);
    expect(erased.due().map(({ before }) => before)).toEqual([1]);
    await start(vault, maker.app, SCOPES, erased)(2, START, to(3), accepted(made.map((one) => one.pinned)));
    expect(await visible()).toEqual(shown(rowsOf(made).filter((row) => row.origin > 0)));
  });
});
