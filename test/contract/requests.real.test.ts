import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { sql } from 'kysely';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createClusters } from '../../connectors/postgres/clusters.ts';
import { createConsents } from '../../connectors/postgres/consents.ts';
import { createRemovalHistory } from '../../connectors/postgres/removal-history.ts';
import { createRemovals } from '../../connectors/postgres/removal-store.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { createTokenRevocations } from '../../connectors/postgres/token-revocations.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { requestsContract } from './requests.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('requests');
});
afterAll(() => db.close());

requestsContract('PostgreSQL', async () => {
  await sql`TRUNCATE token_revocations, requests, key_accesses, user_roots, removals, removal_receipts, removal_reports, removal_log,
    removed_events, removed_sessions, removed_ranges`.execute(db.kysely);
  const keks = parseKeks(`1 ${'11'.repeat(32)}`);
  const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
  const clock = { now: () => Date.now() };
  return {
    revocations: createTokenRevocations(db),
    requests: createRequests(db, createFreshRoot(keks, random)),
    // Ends are looked at from later on.
    consents: createConsents(db, () => sql`${Date.now() + 24 * 3_600_000}::bigint`),
    clusters: createClusters(db),
    removals: createRemovals(db),
    history: createRemovalHistory(db, new Uint8Array(16)),
    vault: () => openVault({ db, keks, random, clock, calendar: clock }),
  };
});
