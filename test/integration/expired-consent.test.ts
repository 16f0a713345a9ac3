import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createConsents } from '../../connectors/postgres/consents.ts';
import type { Database } from '../../connectors/postgres/database.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { keyPairFromSeed, ready, toHex } from '../../protocol/index.ts';
import { allowExport } from '../support/allow-export.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const bytes = (length: number) => new Uint8Array(randomBytes(length));
const LATER = Date.now() + 7_200_000;
const later = () => sql<number>`${LATER}::bigint`;
const app = toHex(bytes(32));

let db: TestDatabase;
beforeAll(async () => {
  await ready();
  db = await openTestDatabase('expired_consent');
});
afterAll(() => db?.close());

async function policies(count: number): Promise<string[]> {
  const requests = createRequests(db, () => {
    throw new Error('a policy makes no root');
  });
  const wallets = Array.from({ length: count }, () => keyPairFromSeed('ed25519', bytes(32)));
  for (const wallet of wallets) await allowExport(requests, app, wallet, 'ed25519', ['purchase']);
  return wallets.map((wallet) => toHex(wallet.publicKey));
}

test('a hundred owners cost as many statements as one', async () => {
  let statements = 0;
  const counting: Database['kysely'] = db.kysely.withPlugin({
    transformQuery: ({ node }) => {
      statements += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  await policies(100);
  expect(await createConsents({ ...db, kysely: counting }, later).answerExpired(LATER, 100)).toBe(100);
  expect(statements).toBeLessThanOrEqual(4);
});

test('an owner at whom somebody is at work holds up nobody, and is not forgotten', async () => {
  const [busy] = await policies(6);
  const consents = createConsents(db, later);
  await db.kysely.transaction().execute(async (tx) => {
    // As a request of this owner does while it runs.
    await sql`SELECT pg_advisory_xact_lock(hashtextextended(${app + busy}, 0))`.execute(tx);
    expect(await consents.answerExpired(LATER, 10)).toBe(5);
    expect(await consents.answerExpired(LATER, 10)).toBe(0);
  });
  expect(await consents.answerExpired(LATER, 10)).toBe(1);
});

test('two processes share the work: together they answer each owner once', async () => {
  await policies(60);
  const consents = createConsents(db, later);
  const drain = async () => {
    let done = 0;
    for (let n = -1; n !== 0; done += n) n = await consents.answerExpired(LATER, 7);
    return done;
  };
  const [mine, theirs] = await Promise.all([drain(), drain()]);
  const left = await consents.answerExpired(LATER, 100);
  expect(mine + theirs + left).toBe(60);
});

test('a process whose clock is ahead of that of the database ends nothing, and ends what is over by both', async () => {
  await policies(2);
  expect(await createConsents(db).answerExpired(LATER, 10)).toBe(0);
  expect(await createConsents(db, later).answerExpired(Date.now(), 10)).toBe(0);
  expect(await createConsents(db, later).answerExpired(LATER, 10)).toBe(2);
});
