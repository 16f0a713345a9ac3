import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createRemovedEvents } from '../../connectors/postgres/removed-events.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { removedEventsContract } from './removed-events.ts';

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
  expect(ms).toBeLessThan(2_000);
});
