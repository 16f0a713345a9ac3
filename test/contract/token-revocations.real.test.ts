import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Executor } from '../../connectors/postgres/database.ts';
import { createTokenRevocations } from '../../connectors/postgres/token-revocations.ts';
import { toHex } from '../../protocol/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/room-process.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('revocations');
});
afterAll(() => db.close());

const bytes = (length: number) => new Uint8Array(randomBytes(length));

async function insert(executor: Executor): Promise<string> {
  const token = bytes(16);
  await sql`INSERT INTO token_revocations (author, token, until) VALUES (${bytes(32)}, ${token}, 9)`.execute(executor);
  return toHex(token);
}

test('a reading goes on where the last one stopped, page by page, and misses nothing that was being written meanwhile', async () => {
  const revocations = createTokenRevocations(db, 2);
  const since = async (mark: number) => {
    const seen: string[] = [];
    const next = await revocations.since(mark, (page) => seen.push(...page.map(({ token }) => toHex(token))));
    return { next, seen };
  };
  const first = [await insert(db.kysely), await insert(db.kysely), await insert(db.kysely)];
  const { slow, next, later } = await db.kysely.transaction().execute(async (tx) => {
    const slow = await insert(tx);
    const later = await insert(db.kysely);
    const { seen, next } = await since(0);
    expect(seen).toEqual([...first, later]);
    return { slow, next, later };
  });
  // Begun before what was read, committed after it.
  const second = await since(next);
  // While anybody in the cluster is in the middle of a transaction, what was seen may come again; nothing is missed.
  expect(second.seen).toEqual(expect.arrayContaining([slow, later]));
  expect([...first, slow, later]).toEqual(expect.arrayContaining(second.seen));
  let mark = second.next;
  await eventually('nothing comes again', async () => {
    const again = await since(mark);
    mark = again.next;
    return again.seen.length === 0 ? true : null;
  });
  // As of a database that was put back to an earlier state.
  expect((await since(second.next + 1_000_000)).seen).toHaveLength(5);
});
