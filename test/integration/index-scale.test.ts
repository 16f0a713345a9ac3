import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createIndexStore } from '../../connectors/postgres/index-store.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { putErasure } from '../../connectors/postgres/removals.ts';
import type { Clash, IndexEntry } from '../../services/pipeline/ports/index-store.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

/** A statement has a twentieth of the time that it has in the rooms, so a twentieth of the rows show what does not scale. */
const STATEMENT_MS = 1_500;

const bytes = (length: number) => new Uint8Array(randomBytes(length));
const log = bytes(16);
const clashes: Clash[] = [];
let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('index_scale', { statementTimeoutMs: STATEMENT_MS });
});
afterAll(() => db?.close());

const store = () => createIndexStore(db, log, (clash) => clashes.push(clash));

/** Batches of one owner, as the index has them. */
async function insertRows(
  owner: { app: Uint8Array; wallet: Uint8Array },
  n: number,
  seq: number | null,
  conflict: boolean,
  partition = 0,
) {
  const { app, wallet } = owner;
  for (let from = 0; from < n; from += 2_000)
    await sql`
      INSERT INTO batches SELECT sha256(${wallet}::bytea || g::text::bytea), ${app}::bytea, ${wallet}::bytea, ${partition}::int, g, 1, ${wallet}::bytea, 0,
        'service', 1, '{t}', 'a' || g, 'a' || g, g, g, substring(${wallet}::bytea FOR 16), coalesce(${seq}::bigint, g), 'wallet', 1, 'c',
        ${bytes(36)}::bytea, 0, ${bytes(32)}::bytea, 1, ${conflict}
      FROM generate_series(${from + 1}::int, least(${from + 2_000}::int, ${n}::int)) g`.execute(db.kysely);
}

test('a wallet that uses one number for everything costs no more than others', async () => {
  const owner = { app: bytes(32), wallet: bytes(32) };
  await insertRows(owner, 20_000, 7, true);
  const source = owner.wallet.slice(0, 16);
  const summary = {
    count: 1,
    types: ['t'],
    idMin: 'a',
    idMax: 'a',
    timeMin: 1,
    timeMax: 1,
    source,
    seq: 7,
    signer: 'wallet' as const,
    issuedAt: 1,
  };
  const place = { cluster: 'c', segment: bytes(36), slot: 0, hash: bytes(32), bytes: 1 };
  const body = { subject: owner.wallet, epoch: 0, mode: 'service' as const, summary, ...place };
  let at = await createPositions(db, log).load('indexer', 0);
  for (const round of [0, 1]) {
    const entries = Array.from({ length: 500 }, (_, i): IndexEntry => {
      const origin = 20_000 + round * 500 + i;
      return { origin, batchId: bytes(32), ...owner, rootVersion: 1, source, seq: 7, reason: null, body };
    });
    const to = { next: at.next + 500, mark: 20_499 + round * 500 };
    expect(await store().apply(0, at, to, entries)).toBe(true);
    at = to;
  }
  const { rows } = await sql<{ n: number; marked: number }>`
    SELECT count(*) AS n, count(*) FILTER (WHERE conflict) AS marked FROM batches WHERE wallet = ${owner.wallet}`.execute(
    db.kysely,
  );
  expect(rows).toEqual([{ n: 21_000, marked: 21_000 }]);
}, 60_000);

test('an erasure of an owner with more rows than a statement has time for, and of others beside it', async () => {
  const large = { app: bytes(32), wallet: bytes(32) };
  const small = { app: bytes(32), wallet: bytes(32) };
  await insertRows(large, 50_000, null, false);
  await insertRows(small, 10, null, false, 1);
  for (const owner of [large, small])
    await putErasure(db.kysely, bytes(16), { ...owner, issuedAt: 0, fence: 1_000_000, rootVersions: [1] });
  expect(await store().sweep(2_000)).toBe(50_010);
  const { rows } = await sql<{ n: number }>`
    SELECT count(*) AS n FROM batches WHERE wallet IN (${large.wallet}, ${small.wallet})`.execute(db.kysely);
  expect(rows).toEqual([{ n: 0 }]);
}, 120_000);
