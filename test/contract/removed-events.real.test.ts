import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createErasures } from '../../connectors/postgres/erasures.ts';
import { createExportReports, createRemovals } from '../../connectors/postgres/removal-store.ts';
import { putErasure } from '../../connectors/postgres/removals.ts';
import { createRemovedEvents } from '../../connectors/postgres/removed-events.ts';
import { createReplays } from '../../connectors/postgres/replays.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import type { VerifiedRequest } from '../../protocol/index.ts';
import type { Removal } from '../../services/pipeline/ports/removals.ts';
import { orderReplay } from '../../services/pipeline/replays/order.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { removedEventsContract } from './removed-events.ts';
import { someReplay } from './replays.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('removed_events');
});
afterAll(() => db.close());

removedEventsContract('PostgreSQL', async () => {
  await sql`TRUNCATE requests, removals, removed_events, removed_sessions, removed_ranges`.execute(db.kysely);
  const keks = parseKeks(`1 ${'11'.repeat(32)}`);
  const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
  return {
    requests: createRequests(db, createFreshRoot(keks, random)),
    removedEvents: createRemovedEvents(db),
  };
});

test('a page costs what is on it, however much its owner has removed', async () => {
  const owner = { app: Buffer.alloc(32, 1), wallet: Buffer.alloc(32, 2) };
  await sql`TRUNCATE removed_events, removed_ranges`.execute(db.kysely);
  await sql`INSERT INTO removed_events (app, wallet, event, issued_at, removal)
    SELECT ${owner.app}, ${owner.wallet}, ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 9, '\\x00'::bytea
    FROM generate_series(1, 100000) n`.execute(db.kysely);
  await sql`ANALYZE removed_events`.execute(db.kysely);
  const removed = createRemovedEvents(db);
  const page = Array.from({ length: 1_000 }, (_, n) => ({
    ...owner,
    id: `01900000-0000-7000-8000-${String(n * 200).padStart(12, '0')}`,
    time: n,
    session: null,
    issuedAt: 5,
  }));
  const began = performance.now();
  const found = await removed.of(page);
  const ms = performance.now() - began;
  expect(found.filter((one) => one !== null)).toHaveLength(500);
  // A scan of what the owner has removed for each event would take minutes.
  expect(ms).toBeLessThan(20_000);
});

test('an export is told of each removal until it has reported it, and the receipt learns how many rows it deleted', async () => {
  const [app, wallet, id] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8), Buffer.alloc(16, 9)];
  const keks = parseKeks(`1 ${'11'.repeat(32)}`);
  const requests = createRequests(
    db,
    createFreshRoot(keks, { bytes: (length) => new Uint8Array(randomBytes(length)) }),
  );
  const removals = createRemovals(db);
  const reports = createExportReports(db);
  const selector = { from: 1, to: 2 };
  const hex = { app: app.toString('hex'), wallet: wallet.toString('hex'), id: id.toString('hex') };
  const request = {
    ...hex,
    kind: 'remove',
    issuedAt: 5,
    hash: '00'.repeat(32),
    content: {},
  } as unknown as VerifiedRequest;
  await requests.once(request, async (effects) => ({ ...(await effects.remove(selector)) }));
  await reports.register('a', app);
  await reports.register('b', app);
  const removal = { app, wallet, id, issuedAt: 5, selector };
  expect(await reports.due('a', app, 'open', 10)).toEqual([removal]);
  expect(await reports.due('a', Buffer.alloc(32, 1), 'all', 10)).toEqual([]);
  const ordered = { app, wallet, id, issuedAt: 5, kind: 'remove' };
  expect(await reports.orders('a', app)).toEqual([{ ...ordered, reportedAt: null }]);
  const began = Date.now();
  await reports.report('a', [{ ...removal, rows: 3 }]);
  // Another process of the same export, which found less; and the first again, as after an answer that was lost.
  await reports.report('a', [{ ...removal, rows: 1 }]);
  await reports.report('a', [{ ...removal, rows: 3 }]);
  const [told] = await reports.orders('a', app, wallet);
  expect(told).toEqual({ ...ordered, reportedAt: expect.any(Number) });
  expect(Math.abs((told?.reportedAt ?? 0) - began)).toBeLessThan(60_000);
  expect(await reports.orders('a', app, Buffer.alloc(32, 1))).toEqual([]);
  expect(await reports.registered()).toEqual([
    { name: 'a', app },
    { name: 'b', app },
  ]);
  expect(await reports.due('a', app, 'all', 10)).toEqual([]);
  const found = async () => (await removals.find(removal))?.removal as Removal;
  expect((await removals.progress(await found(), 0)).exports).toEqual([
    { name: 'a', reported: true, rows: 3 },
    { name: 'b', reported: false, rows: 0 },
  ]);
  // A replay is waited for until it is over: one that was paused is cancelled by who works on nothing, and one is registered too late.
  const replays = createReplays(db);
  const edges = { replays, clock: { now: () => 1 } };
  const { spec, ...job } = someReplay('0a', app);
  await replays.add({ ...job, spec: { ...spec, target: { kind: 'sink' } } });
  await orderReplay(edges, '0a', { kind: 'take', holder: 'x' });
  await reports.register('replay-0a', app);
  await orderReplay(edges, '0a', { kind: 'pause' });
  const waitedFor = async () => (await removals.progress(await found(), 0)).exports.map(({ name }) => name);
  expect(await waitedFor()).toEqual(['a', 'b', 'replay-0a']);
  await orderReplay(edges, '0a', { kind: 'cancel' });
  expect((await reports.registered()).map(({ name }) => name)).toEqual(['a', 'b']);
  await reports.register('replay-0a', app);
  expect(await waitedFor()).toEqual(['a', 'b']);
  await reports.forget('replay-0a');
  await removals.sent(removal, 1);
  await removals.complete(await found(), { payload: '', key: '', signature: '' }, ['b']);
  expect(await reports.due('b', app, 'open', 10)).toEqual([removal]);
  // What takes single events away is no erasure, whoever is still waited for: an export would delete everything of the wallet.
  expect(await createErasures(db).open()).toEqual([]);
  await removals.complete(await found(), { payload: '', key: '', signature: '' }, []);
  expect(await reports.due('b', app, 'open', 10)).toEqual([]);
  expect(await reports.due('b', app, 'all', 10)).toEqual([removal]);
});

test('the erasures of an owner are told whether anybody still waits for them or not', async () => {
  const [app, wallet] = [Buffer.alloc(32, 11), Buffer.alloc(32, 12)];
  const ofOwner = (id: number, who: Buffer, fence: number | null) => ({
    ...{ id: Buffer.alloc(16, id), app, wallet: who, issuedAt: id, fence, rootVersions: [id] },
  });
  const all = [ofOwner(1, wallet, 7), ofOwner(2, wallet, null), ofOwner(3, Buffer.alloc(32, 13), 9)];
  for (const { id, ...erasure } of all) await putErasure(db.kysely, id, erasure);
  await sql`UPDATE removals SET state = 'done' WHERE id = ${all[0]?.id}`.execute(db.kysely);
  const found = await createErasures(db).of([{ app, wallet }]);
  expect(found.sort((a, b) => a.issuedAt - b.issuedAt)).toEqual(all.slice(0, 2));
  expect(await createErasures(db).of([{ app: wallet, wallet: app }])).toEqual([]);
});
