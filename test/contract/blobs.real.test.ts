import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createBlobs } from '../../connectors/postgres/blobs.ts';
import { putErasure } from '../../connectors/postgres/removals.ts';
import { layOut } from '../../connectors/postgres/removed-events.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { blobsContract } from './blobs.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase('blobs');
});
afterAll(() => db.close());

blobsContract('PostgreSQL', () => createBlobs(db));

test('references are rows of the blob, and leave with it', async () => {
  const blobs = createBlobs(db);
  const bytes = (length: number) => new Uint8Array(randomBytes(length));
  const owner = { app: bytes(32), wallet: bytes(32) };
  const attempt = { ...owner, id: bytes(16), upload: bytes(16), scope: 's', epoch: 0, rootVersion: 1, cluster: 'c' };
  await blobs.begin(attempt, 1);
  await blobs.pinning(attempt.id, { cid: 'cid', size: 1 });
  expect(await blobs.finish(attempt.id, 1)).toBe('live');
  const named = ['e', 'f'].map((eventId, i) => ({ cid: 'cid', eventId, time: i, session: null }));
  for (let n = 0; n < 2; n++)
    await blobs.refer({ ...owner, batchId: new Uint8Array(32).fill(1), issuedAt: 9, blobs: named });
  const rows = () =>
    db.kysely.selectFrom('blob_references').selectAll().where('blob', '=', attempt.id).orderBy('event_id').execute();
  expect((await rows()).map(({ event_id, time, issued_at }) => [event_id, time, issued_at])).toEqual([
    ['e', 0, 9],
    ['f', 1, 9],
  ]);
  await blobs.erase(owner, [1]);
  await blobs.unpinned([attempt.id]);
  expect(await rows()).toEqual([]);
});

test('an upload that ends after its owner was erased does not count', async () => {
  const blobs = createBlobs(db);
  const bytes = (length: number) => new Uint8Array(randomBytes(length));
  const owner = { app: bytes(32), wallet: bytes(32) };
  const attempt = { ...owner, id: bytes(16), upload: bytes(16), scope: 's', epoch: 0, rootVersion: 1, cluster: 'c' };
  await blobs.begin(attempt, 1);
  await blobs.pinning(attempt.id, { cid: 'late', size: 1 });
  await putErasure(db.kysely, bytes(16), { ...owner, issuedAt: 1, fence: null, rootVersions: [1] });
  expect(await blobs.finish(attempt.id, 1)).toBe('gone');
  expect((await blobs.doomed(1_000)).filter(({ cid }) => cid === 'late')).toHaveLength(1);
});

test('live blobs that are named are looked at where their owner has removed something', async () => {
  const blobs = createBlobs(db);
  const bytes = (length: number) => new Uint8Array(randomBytes(length));
  const attempts = [1, 2].map((n) => ({
    ...{ app: bytes(32), wallet: bytes(32), id: bytes(16), upload: bytes(16) },
    ...{ scope: 's', epoch: 0, rootVersion: 1, cluster: 'c', cid: `named ${n}` },
  }));
  for (const { cid, ...attempt } of attempts) {
    await blobs.begin(attempt, 1);
    await blobs.pinning(attempt.id, { cid, size: 1 });
    await blobs.finish(attempt.id, 1);
    const { app, wallet } = attempt;
    const named = [{ cid, eventId: 'e', time: 1, session: null }];
    await blobs.refer({ app, wallet, batchId: bytes(32), issuedAt: 1, blobs: named });
  }
  const [{ app, wallet, id }] = attempts as [(typeof attempts)[number]];
  const selector = { from: 0, to: 9 };
  await db.kysely.transaction().execute((tx) => layOut(tx, { app, wallet, id: bytes(16), issuedAt: 9, selector }));
  expect(await blobs.named(10)).toEqual([{ id, app, wallet, refs: 1 }]);
  expect(await blobs.named(10, id)).toEqual([]);
});
