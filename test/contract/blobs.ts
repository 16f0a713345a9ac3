import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  type BlobAttempt,
  type Blobs,
  type KeptReference,
  UNREFERENCED_MS,
  UPLOAD_MS,
} from '../../services/pipeline/ports/blobs.ts';
import { sessionMark } from '../../services/pipeline/rules/removal.ts';

const bytes = (length: number) => new Uint8Array(randomBytes(length));
const cidOf = () => `bafk2bza${randomBytes(20).toString('hex')}`;
const NOW = 1_800_000_000_000;

/** What every store of blobs promises. */
export function blobsContract(name: string, open: () => Blobs): void {
  describe(`blobs contract: ${name}`, () => {
    const someAttempt = (over: Partial<BlobAttempt> = {}): BlobAttempt => ({
      ...{ app: bytes(32), wallet: bytes(32), id: bytes(16), upload: bytes(16) },
      ...{ scope: 'photos', epoch: 3, rootVersion: 1, cluster: 'berlin', ...over },
    });
    async function finished(blobs: Blobs, over: Partial<BlobAttempt> = {}, at = NOW) {
      const attempt = someAttempt(over);
      const cid = cidOf();
      await blobs.begin(attempt, at);
      expect(await blobs.pinning(attempt.id, { cid, size: 5 })).toBe(true);
      expect(await blobs.finish(attempt.id, at)).toBe('live');
      return { ...attempt, cid, size: 5, state: 'live' as const };
    }
    /** Of these only: suites share the table. */
    const doomedOf = async (blobs: Blobs, ...cids: string[]) =>
      (await blobs.doomed(1_000)).filter(({ cid }) => cids.includes(cid)).map(({ cid }) => cid);
    const referring = (blob: BlobAttempt & { cid: string }) => ({
      ...{ app: blob.app, wallet: blob.wallet, batchId: bytes(32), issuedAt: NOW },
      blobs: [{ cid: blob.cid, eventId: 'e', time: NOW, session: null }],
    });

    test('a blob is there when it is finished, for its owner only', async () => {
      const blobs = open();
      const attempt = someAttempt();
      const cid = cidOf();
      await blobs.begin(attempt, NOW);
      expect(await blobs.ofUpload(attempt, attempt.upload)).toBeNull();
      await blobs.pinning(attempt.id, { cid, size: 7 });
      expect(await blobs.find(attempt, cid)).toBeNull();
      expect(await blobs.finish(attempt.id, NOW)).toBe('live');
      const blob = { ...attempt, cid, size: 7, state: 'live' };
      expect(await blobs.find(attempt, cid)).toEqual(blob);
      expect(await blobs.ofUpload(attempt, attempt.upload)).toEqual(blob);
      expect(await blobs.find({ app: attempt.app, wallet: bytes(32) }, cid)).toBeNull();
      expect(await blobs.find({ app: bytes(32), wallet: attempt.wallet }, cid)).toBeNull();
      expect(await blobs.ofUpload(attempt, bytes(16))).toBeNull();
    });

    test('of two attempts of one upload the first to finish counts, the other is to be unpinned', async () => {
      const blobs = open();
      const first = someAttempt();
      const second = { ...first, id: bytes(16) };
      const cids = [cidOf(), cidOf()] as const;
      for (const [i, { id }] of [first, second].entries()) {
        await blobs.begin(i === 0 ? first : second, NOW);
        await blobs.pinning(id, { cid: cids[i] as string, size: 1 });
      }
      expect(await blobs.finish(second.id, NOW)).toBe('live');
      expect(await blobs.finish(first.id, NOW)).toBe('taken');
      expect(await blobs.ofUpload(first, first.upload)).toMatchObject({ cid: cids[1] });
      expect(await doomedOf(blobs, ...cids)).toEqual([cids[0]]);
      await blobs.unpinned([first.id]);
      expect(await doomedOf(blobs, ...cids)).toEqual([]);
      expect(await blobs.find(first, cids[0])).toBeNull();
    });

    test('an attempt that was given up cannot pin or finish; what it may have pinned is to be unpinned', async () => {
      const blobs = open();
      const [early, late] = [someAttempt(), someAttempt()];
      const cid = cidOf();
      for (const attempt of [early, late]) await blobs.begin(attempt, NOW);
      await blobs.pinning(late.id, { cid, size: 1 });
      for (const { id } of [early, late]) await blobs.abandon(id);
      expect(await blobs.pinning(early.id, { cid: cidOf(), size: 1 })).toBe(false);
      expect(await blobs.finish(late.id, NOW)).toBe('gone');
      expect(await doomedOf(blobs, cid)).toEqual([cid]);
      await blobs.unpinned([late.id]);
      expect(await doomedOf(blobs, cid)).toEqual([]);
    });

    test('giving up does not reach what is finished', async () => {
      const blobs = open();
      const blob = await finished(blobs);
      await blobs.abandon(blob.id);
      expect(await blobs.find(blob, blob.cid)).toEqual(blob);
      expect(await doomedOf(blobs, blob.cid)).toEqual([]);
    });

    test('what nothing names for 24 h is given up, what a batch names is kept', async () => {
      const blobs = open();
      const owner = { app: bytes(32), wallet: bytes(32) };
      const [named, unnamed] = [await finished(blobs, owner), await finished(blobs, owner)];
      await blobs.refer(referring(named));
      await blobs.refer({ ...referring(unnamed), wallet: bytes(32) });
      await blobs.refer({ ...referring(named), blobs: [] });
      await blobs.expire(NOW + UNREFERENCED_MS);
      expect(await blobs.find(unnamed, unnamed.cid)).toMatchObject({ state: 'live' });
      expect(await blobs.expire(NOW + UNREFERENCED_MS + 1)).toBeGreaterThanOrEqual(1);
      expect(await doomedOf(blobs, named.cid, unnamed.cid)).toEqual([unnamed.cid]);
      await blobs.unpinned([unnamed.id]);
      // It can be told that it was there.
      expect(await blobs.find(unnamed, unnamed.cid)).toMatchObject({ state: 'gone' });
      expect(await blobs.ofUpload(unnamed, unnamed.upload)).toBeNull();
      expect(await blobs.find(named, named.cid)).toEqual(named);
    });

    test('a batch that is sent again, or names a blob twice, changes nothing more', async () => {
      const blobs = open();
      const blob = await finished(blobs);
      const batch = referring(blob);
      const twice = { ...batch, blobs: [...batch.blobs, { cid: blob.cid, eventId: 'f', time: NOW, session: null }] };
      for (let n = 0; n < 2; n++) await blobs.refer(twice);
      await blobs.refer({ ...batch, blobs: [{ cid: cidOf(), eventId: 'g', time: NOW, session: null }] });
      expect(await blobs.find(blob, blob.cid)).toEqual(blob);
    });

    test('what names a blob, page by page; of a session only its mark is kept', async () => {
      const blobs = open();
      const blob = await finished(blobs);
      const owner = { app: blob.app, wallet: blob.wallet };
      const eventIds = ['a', 'b', 'c'];
      const batches = [1, 2].map((n) => ({ ...owner, batchId: new Uint8Array(32).fill(n), issuedAt: NOW + n }));
      const named = eventIds.map((eventId, i) => ({ cid: blob.cid, eventId, time: i, session: i === 0 ? 's' : null }));
      for (const batch of batches) await blobs.refer({ ...batch, blobs: named });
      const kept = batches.flatMap(({ batchId, issuedAt }) =>
        named.map(({ eventId, time, session }) => ({
          ...{ batchId, eventId, time, issuedAt },
          session: session && { mark: sessionMark(owner, session) },
        })),
      );
      const seen: KeptReference[] = [];
      for (;;) {
        const page = await blobs.references(blob.id, 4, seen.at(-1));
        seen.push(...page);
        if (page.length < 4) break;
      }
      expect(seen).toEqual(kept);
      expect(await blobs.references(bytes(16), 4)).toEqual([]);
    });

    test('a blob is removed as it was judged, not when another batch has named it since', async () => {
      const blobs = open();
      const [once, twice] = [await finished(blobs), await finished(blobs)];
      for (const blob of [once, twice, twice]) await blobs.refer(referring(blob));
      for (const { id } of [once, twice]) await blobs.remove(id, 1);
      expect(await doomedOf(blobs, once.cid, twice.cid)).toEqual([once.cid]);
      await blobs.unpinned([once.id]);
      expect(await blobs.find(once, once.cid)).toMatchObject({ state: 'gone' });
      expect(await blobs.find(twice, twice.cid)).toMatchObject({ state: 'live' });
    });

    test('the upload of a process that died is given up after an hour', async () => {
      const blobs = open();
      const attempt = someAttempt();
      const cid = cidOf();
      await blobs.begin(attempt, NOW);
      await blobs.pinning(attempt.id, { cid, size: 1 });
      await blobs.expire(NOW + UPLOAD_MS);
      expect(await doomedOf(blobs, cid)).toEqual([]);
      await blobs.expire(NOW + UPLOAD_MS + 1);
      expect(await doomedOf(blobs, cid)).toEqual([cid]);
      expect(await blobs.finish(attempt.id, NOW)).toBe('gone');
    });

    test('an erasure gives up everything under its roots, also what is under way, and leaves no row', async () => {
      const blobs = open();
      const owner = { app: bytes(32), wallet: bytes(32) };
      const [first, second] = [await finished(blobs, owner), await finished(blobs, { ...owner, rootVersion: 2 })];
      const running = someAttempt(owner);
      await blobs.begin(running, NOW);
      await blobs.refer(referring(first));
      expect(await blobs.erase(owner, [1])).toBe(2);
      expect(await blobs.pinning(running.id, { cid: cidOf(), size: 1 })).toBe(false);
      expect(await doomedOf(blobs, first.cid, second.cid)).toEqual([first.cid]);
      await blobs.unpinned([first.id]);
      expect(await blobs.find(owner, first.cid)).toBeNull();
      expect(await blobs.find(owner, second.cid)).toEqual(second);
    });

    test('two attempts that finish at the same moment: one counts', async () => {
      const blobs = open();
      const first = someAttempt();
      const attempts = Array.from({ length: 4 }, () => ({ ...first, id: bytes(16) }));
      for (const attempt of attempts) {
        await blobs.begin(attempt, NOW);
        await blobs.pinning(attempt.id, { cid: cidOf(), size: 1 });
      }
      const outcomes = await Promise.all(attempts.map(({ id }) => blobs.finish(id, NOW)));
      expect(outcomes.sort()).toEqual(['live', 'taken', 'taken', 'taken']);
    });

    test('a reference and the end of 24 h at the same moment: the blob is kept, or the batch names nothing', async () => {
      const blobs = open();
      const all = [];
      for (let n = 0; n < 10; n++) all.push(await finished(blobs, {}, NOW - UNREFERENCED_MS - 1));
      await Promise.all([...all.map((blob) => blobs.refer(referring(blob))), blobs.expire(NOW)]);
      await blobs.expire(NOW);
      const doomed = new Set(await doomedOf(blobs, ...all.map(({ cid }) => cid)));
      for (const blob of all) {
        const { state } = (await blobs.find(blob, blob.cid)) ?? {};
        expect(state).toBe(doomed.has(blob.cid) ? 'gone' : 'live');
      }
    });
  });
}
