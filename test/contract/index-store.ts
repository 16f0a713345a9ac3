import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Erasure } from '../../services/pipeline/ports/erasures.ts';
import {
  type BatchPlace,
  type BatchSelection,
  type Clash,
  COUNTED,
  type IndexEntry,
  type IndexStore,
  type SelectedPage,
} from '../../services/pipeline/ports/index-store.ts';
import type { Position, Positions } from '../../services/pipeline/ports/positions.ts';

export interface IndexStoreFixture {
  readonly store: IndexStore;
  readonly positions: Pick<Positions, 'load' | 'compareAndSet'>;
  /** Batch ids that the alarm was told of. */
  readonly clashes: Clash[];
  putErasure(id: Uint8Array, erasure: Erasure): Promise<void>;
}

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const id = (n: number) => {
  const batchId = bytes(32, 0);
  new DataView(batchId.buffer).setUint32(28, n);
  return batchId;
};

interface Fields {
  wallet?: number;
  rootVersion?: number;
  subject?: number;
  seq?: number;
  time?: number;
  batch?: number;
  issuedAt?: number;
  signer?: 'wallet' | 'app';
}

const APP = bytes(32, 1);
const uuid = (n: number) => `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`;

/** A batch of wallet 2 in app 1, if nothing else is said. */
export function live(origin: number, fields: Fields = {}): IndexEntry {
  const { wallet = 2, rootVersion = 0, subject = 3, seq = origin, time = 1_000_000 + origin, batch = origin } = fields;
  const source = bytes(16, 5);
  const summary = {
    count: 3,
    types: ['page.view', 'purchase, "big"'],
    idMin: uuid(origin * 10),
    idMax: uuid(origin * 10 + 5),
    timeMin: time,
    timeMax: time + 10,
    source,
    seq,
    signer: fields.signer ?? ('wallet' as const),
    issuedAt: fields.issuedAt ?? 2_000_000 + origin,
  };
  const place = { cluster: 'cere-mainnet', segment: bytes(36, 6), slot: 2, hash: bytes(32, 7), bytes: 1234 };
  const body = { subject: bytes(32, subject), epoch: 0, mode: 'service' as const, summary, ...place };
  return {
    origin,
    batchId: id(batch),
    app: APP,
    wallet: bytes(32, wallet),
    rootVersion,
    source,
    seq,
    reason: null,
    body,
  };
}

function voided(origin: number, reason: NonNullable<IndexEntry['reason']>, fields: Fields = {}): IndexEntry {
  return { ...live(origin, fields), reason, body: null };
}

/** What the index promises. `create` gives an empty one, with positions of a log of its own. */
export function indexStoreContract(name: string, create: () => Promise<IndexStoreFixture>): void {
  describe(`index store: ${name}`, () => {
    let fixture: IndexStoreFixture;
    let at: Position;

    async function apply(...entries: IndexEntry[]): Promise<boolean> {
      const to = { next: at.next + entries.length, mark: entries.at(-1)?.origin ?? at.mark };
      const moved = await fixture.store.apply(0, at, to, entries);
      if (moved) at = to;
      return moved;
    }
    const found = async (...batches: number[]) => fixture.store.batches(batches.map(id));

    beforeEach(async () => {
      fixture = await create();
      at = await fixture.positions.load('indexer', 0);
    });

    it('applies entries together with the row, and gives them back as they were', async () => {
      expect(await apply(live(0), voided(1, 'dead'), live(2))).toBe(true);
      expect(await fixture.positions.load('indexer', 0)).toEqual({ next: 3, mark: 2 });
      const shown = (entry: IndexEntry) => ({ ...entry, partition: 0, conflict: false });
      expect(await found(0, 1, 2, 3)).toEqual([shown(live(0)), shown(voided(1, 'dead')), shown(live(2)), null]);
    });

    it('applies nothing when the row was moved', async () => {
      const stale = at;
      await apply(live(0));
      expect(await fixture.store.apply(0, stale, { next: 1, mark: 0 }, [live(7)])).toBe(false);
      expect(await found(7)).toEqual([null]);
      expect(await fixture.positions.load('indexer', 0)).toEqual(at);
    });

    it('moves the row without entries', async () => {
      expect(await fixture.store.apply(0, at, { next: 4, mark: -1 }, [])).toBe(true);
      expect(await fixture.positions.load('indexer', 0)).toEqual({ next: 4, mark: -1 });
    });

    it('keeps the first of two batches with one id and tells the alarm', async () => {
      await apply(live(0), live(1, { batch: 0, time: 5 }));
      await apply(live(2, { batch: 0 }));
      expect(fixture.clashes).toEqual([
        { what: 'batch_id', partition: 0, origin: 1, batchId: id(0) },
        { what: 'batch_id', partition: 0, origin: 2, batchId: id(0) },
      ]);
      expect((await found(0)).map((batch) => batch?.origin)).toEqual([0]);
      expect(await fixture.store.ofWallet(APP, bytes(32, 2), { limit: 10 })).toHaveLength(1);
    });

    it('shows the live batch of a retried dead letter, not its void', async () => {
      await apply(voided(0, 'dead', { batch: 9 }));
      expect((await found(9))[0]?.reason).toBe('dead');
      await apply(live(1, { batch: 9 }));
      expect((await found(9))[0]).toMatchObject({ reason: null, origin: 1 });
    });

    it('does not show voids of duplicates', async () => {
      await apply(voided(0, 'duplicate', { batch: 5 }));
      expect(await found(5)).toEqual([null]);
    });

    it('marks both batches of one (app, wallet, signer, source, seq)', async () => {
      await apply(live(0, { seq: 7 }), live(1, { seq: 8 }), live(2, { seq: 7, signer: 'app' }));
      await apply(live(3, { seq: 7 }));
      expect((await found(0, 1, 2, 3)).map((batch) => batch?.conflict)).toEqual([true, false, false, true]);
    });

    it('tells what each wallet wrote to an app, by pages in the order of keys', async () => {
      const people = [4, 200, 2].map((wallet) => ({ wallet, subject: wallet }));
      await apply(
        ...people.map((one, i) => live(i, one)),
        live(3, { time: 5, subject: 2 }),
        live(4, { rootVersion: 1, subject: 7 }),
      );
      const other = bytes(32, 77);
      await apply({ ...live(5, { time: 9 }), app: other });
      const wallets = async (after?: number) => {
        const page = { limit: 2, ...(after === undefined ? {} : { after: bytes(32, after) }) };
        return (await fixture.store.written({ app: APP }, page)).map((row) => row.wallet[0]);
      };
      expect([await wallets(), await wallets(4), await wallets(200)]).toEqual([[2, 4], [200], []]);
      const mine = { wallet: bytes(32, 2), batches: 3, events: 9, first: 5, last: 1_000_004 };
      const subjects = [
        { rootVersion: 0, subject: bytes(32, 2) },
        { rootVersion: 1, subject: bytes(32, 7) },
      ];
      const here = { ...mine, app: APP, subjects };
      expect(await fixture.store.written({ app: APP, wallet: bytes(32, 2) }, { limit: 1 })).toEqual([here]);
      const all = await fixture.store.written({ wallet: bytes(32, 2) }, { limit: 10 });
      expect(all[0]).toEqual(here);
      expect(all[1]).toMatchObject({ app: other, batches: 1, first: 9, last: 9 });
      expect((await fixture.store.written({ wallet: bytes(32, 2) }, { after: APP, limit: 10 })).length).toBe(1);
      expect(await fixture.store.written({ app: other, wallet: bytes(32, 4) }, { limit: 1 })).toEqual([]);
    });

    it('stops counting after COUNTED batches, but knows the last', async () => {
      await apply(...Array.from({ length: COUNTED + 2 }, (_, i) => live(i)));
      const [row] = await fixture.store.written({ app: APP }, { limit: 1 });
      expect(row).toMatchObject({ batches: COUNTED, events: COUNTED * 3, last: 1_000_000 + COUNTED + 1 });
    });

    it('marks a conflict within one apply', async () => {
      await apply(live(0, { seq: 7 }), live(1, { seq: 7 }));
      expect((await found(0, 1)).map((batch) => batch?.conflict)).toEqual([true, true]);
    });

    it('pages a wallet by time and batch id', async () => {
      await apply(
        live(0, { time: 50 }),
        live(1, { time: 20 }),
        live(2, { time: 20 }),
        live(3, { wallet: 9, subject: 9 }),
      );
      const first = await fixture.store.ofWallet(APP, bytes(32, 2), { limit: 2 });
      expect(first.map((batch) => batch.origin)).toEqual([1, 2]);
      const last = first[1];
      const after = { time: last?.body?.summary.timeMin ?? 0, batchId: last?.batchId ?? id(0) };
      const rest = await fixture.store.ofWallet(APP, bytes(32, 2), { after, limit: 2 });
      expect(rest.map((batch) => batch.origin)).toEqual([0]);
    });

    it('finds the batch that may hold an event', async () => {
      await apply(live(0), live(1), live(2, { wallet: 9, subject: 9 }));
      const owner = { app: APP, wallet: bytes(32, 2) };
      const batches = await fixture.store.withEvent(owner, uuid(13), { limit: 9 });
      expect(batches.map((batch) => batch.origin)).toEqual([1]);
      expect(await fixture.store.withEvent(owner, uuid(99), { limit: 9 })).toEqual([]);
    });

    it('tells no more batches that may hold an event than are asked for, or the one that is named', async () => {
      const all = [0, 1, 2].map((n) => {
        const one = live(n, { time: 10 * n });
        const body = one.body && { ...one.body, summary: { ...one.body.summary, idMin: uuid(1), idMax: uuid(9) } };
        return { ...one, body };
      });
      await apply(...all);
      const owner = { app: APP, wallet: bytes(32, 2) };
      const origins = async (only: { batchId?: Uint8Array; limit: number }) =>
        (await fixture.store.withEvent(owner, uuid(5), only)).map(({ origin }) => origin);
      expect(await origins({ limit: 2 })).toEqual([0, 1]);
      expect(await origins({ limit: 1, batchId: all[2]?.batchId as Uint8Array })).toEqual([2]);
      expect(await origins({ limit: 1, batchId: bytes(32, 99) })).toEqual([]);
    });

    it('selects batches of a wallet, and of all wallets of an app, by time, type and event id, page by page', async () => {
      const other = { ...live(4, { wallet: 9, subject: 9, time: 30 }), app: bytes(32, 8) };
      await apply(
        live(0, { time: 50 }),
        live(1, { time: 20 }),
        live(2, { time: 20, wallet: 7, subject: 7 }),
        live(3, { time: 31, wallet: 7, subject: 7 }),
        other,
      );
      const select = async (selection: Partial<BatchSelection>, page: { after?: IndexEntry; limit?: number } = {}) => {
        const { after, limit = 10 } = page;
        const from = after && { time: after.body?.summary.timeMin ?? 0, batchId: after.batchId };
        const wanted = { app: APP, wallet: null, ...selection };
        const { batches } = await fixture.store.selected(wanted, { ...(from ? { after: from } : {}), limit });
        return batches.map(({ origin }) => origin);
      };
      expect(await select({})).toEqual([1, 2, 3, 0]);
      expect(await select({ wallet: bytes(32, 2) })).toEqual([1, 0]);
      expect(await select({}, { limit: 2 })).toEqual([1, 2]);
      expect(await select({}, { after: live(2, { time: 20 }) })).toEqual([3, 0]);
      // A batch reaches from its first event to its last, 10 later; `to` is not in the range.
      expect(await select({ from: 30, to: 31 })).toEqual([1, 2]);
      expect(await select({ from: 31 })).toEqual([3, 0]);
      expect(await select({ from: 61 })).toEqual([]);
      expect(await select({ types: ['purchase, "big"', 'none'] })).toEqual([1, 2, 3, 0]);
      expect(await select({ types: ['none'] })).toEqual([]);
      expect(await select({ id: uuid(13) })).toEqual([1]);
      expect(await select({ app: bytes(32, 8) })).toEqual([4]);
    });

    it('ends a page that finds nothing after so many batches, and says where to go on', async () => {
      await apply(...[0, 1, 2, 3, 4].map((n) => live(n, { time: 100 * n })));
      const pages = async (selection: Partial<BatchSelection>, scan: number, limit = 10) => {
        const seen: number[][] = [];
        for (let after: BatchPlace | null = null; ; ) {
          const page: SelectedPage = await fixture.store.selected(
            { app: APP, wallet: null, ...selection },
            { after, limit, scan },
          );
          seen.push(page.batches.map(({ origin }) => origin));
          if (page.next === null) return seen;
          after = page.next;
        }
      };
      expect(await pages({ types: ['none'] }, 2)).toEqual([[], [], []]);
      expect(await pages({ id: uuid(43) }, 2)).toEqual([[], [], [4]]);
      expect(await pages({ types: ['purchase, "big"'] }, 3, 2)).toEqual([[0, 1], [2, 3], [4]]);
      // Nothing has to be looked for in the rows.
      expect(await pages({}, 2)).toEqual([[0, 1, 2, 3, 4]]);
    });

    it('gives the batches of an app in the order of the log, page by page, and counts them', async () => {
      const seventh = { wallet: 7, subject: 7 };
      const other = { ...live(3, { wallet: 9, subject: 9 }), app: bytes(32, 8) };
      await apply(
        live(0, { time: 900 }),
        live(1, { time: 100, ...seventh }),
        voided(2, 'duplicate'),
        other,
        live(4, { time: 500 }),
        live(5, { time: 50 }),
      );
      type Selection = Parameters<IndexStore['inOrder']>[0];
      const pages = async (
        narrow: Partial<Selection> = {},
        {
          after = -1,
          upTo = 9,
          limit = 10,
          scan = 100,
        }: { after?: number; upTo?: number; limit?: number; scan?: number } = {},
      ) => {
        const seen: [number[], number][] = [];
        for (let at = after; at < upTo; ) {
          const selection = { app: APP, wallet: null, partition: 0, ...narrow };
          const page = await fixture.store.inOrder(selection, { after: at, upTo }, { limit, scan });
          seen.push([page.batches.map(({ origin }) => origin), page.reached]);
          at = page.reached;
        }
        return seen;
      };
      expect(await pages()).toEqual([[[0, 1, 4, 5], 9]]);
      expect(await pages({}, { limit: 2 })).toEqual([
        [[0, 1], 1],
        [[4, 5], 5],
        [[], 9],
      ]);
      expect(await pages({}, { after: 0, upTo: 4 })).toEqual([[[1, 4], 4]]);
      expect(await pages({ wallet: bytes(32, 7) })).toEqual([[[1], 9]]);
      // A batch reaches from its first event to its last, 10 later; `to` is not in the range.
      expect(await pages({ from: 510, to: 900 })).toEqual([[[4], 9]]);
      expect(await pages({ types: ['none'] }, { scan: 2 })).toEqual([
        [[], 1],
        [[], 5],
        [[], 9],
      ]);
      expect(await pages({ app: bytes(32, 8) })).toEqual([[[3], 9]]);
      expect(await pages({ partition: 1 })).toEqual([[[], 9]]);
      const counted = (narrow: Partial<Selection>, upTo: number) =>
        fixture.store.counted({ app: APP, wallet: null, partition: 0, ...narrow }, { after: 0, upTo });
      expect(await counted({}, 9)).toEqual({ batches: 3, events: 9 });
      expect(await counted({ wallet: bytes(32, 2) }, 4)).toEqual({ batches: 1, events: 3 });
      expect(await counted({ types: ['none'] }, 9)).toEqual({ batches: 0, events: 0 });
    });

    it('tells the sequence numbers of wallets as runs, with voids, as of a mark', async () => {
      const seventh = { wallet: 7, subject: 7 };
      await apply(
        live(0, { seq: 0 }),
        live(1, { seq: 1 }),
        live(2, { seq: 1, batch: 40 }),
        voided(3, 'dead', { seq: 2 }),
        live(4, { seq: 4 }),
        voided(5, 'duplicate', { seq: 3 }),
        live(6, { seq: 0, signer: 'app' }),
        live(7, { ...seventh, seq: 3 }),
        live(8, { seq: 5 }),
        { ...voided(9, 'dead', { seq: 9 }), source: null, seq: null },
      );
      const run = (first: number, last: number, signer = 'wallet') => ({ signer, source: bytes(16, 5), first, last });
      const second = {
        wallet: bytes(32, 2),
        partition: 0,
        live: [run(0, 0, 'app'), run(0, 1), run(4, 5)],
        voids: [{ source: bytes(16, 5), seq: 2, batchId: id(3), reason: 'dead' }],
        isCut: false,
      };
      const other = { wallet: bytes(32, 7), partition: 0, live: [run(3, 3)], voids: [], isCut: false };
      const ask = (wanted: Parameters<IndexStore['sequences']>[1], mark = 9) =>
        fixture.store.sequences(APP, wanted, new Map([[0, mark]]));
      expect(await ask({ after: null, limit: 10 })).toEqual([second, other]);
      expect(await ask({ after: null, limit: 1 })).toEqual([second]);
      expect(await ask({ after: bytes(32, 2), limit: 10 })).toEqual([other]);
      expect(await ask({ wallet: bytes(32, 2) }, 7)).toEqual([
        { ...second, live: [run(0, 0, 'app'), run(0, 1), run(4, 4)] },
      ]);
      expect(await fixture.store.sequences(APP, { wallet: bytes(32, 2) }, new Map([[1, 9]]))).toEqual([
        { wallet: bytes(32, 2), partition: 0, live: [], voids: [], isCut: false },
      ]);
    });

    it('keeps one subject for each root version', async () => {
      await apply(live(0), live(1), live(2, { rootVersion: 1, subject: 8 }));
      expect(await fixture.store.subjects(APP, bytes(32, 2))).toEqual([
        { rootVersion: 0, subject: bytes(32, 3), fromOrigin: 0 },
        { rootVersion: 1, subject: bytes(32, 8), fromOrigin: 2 },
      ]);
      expect(fixture.clashes).toEqual([]);
    });

    it('voids a batch with another subject, tells the alarm and goes on', async () => {
      await apply(live(0));
      const others = [
        live(1, { subject: 4 }),
        live(2, { seq: 0, subject: 4 }),
        live(3, { rootVersion: 1, subject: 4 }),
      ];
      expect(await apply(...others, live(4, { rootVersion: 1, subject: 5 }), live(5))).toBe(true);
      expect((await found(0, 1, 2, 3, 4, 5)).map((batch) => batch?.reason)).toEqual([
        null,
        'dead',
        'dead',
        null,
        'dead',
        null,
      ]);
      expect(fixture.clashes.map(({ what, origin }) => [what, origin])).toEqual([1, 2, 4].map((n) => ['subject', n]));
      expect((await found(0))[0]?.conflict).toBe(false);
      expect(await fixture.store.subjects(APP, bytes(32, 2))).toEqual([
        { rootVersion: 0, subject: bytes(32, 3), fromOrigin: 0 },
        { rootVersion: 1, subject: bytes(32, 4), fromOrigin: 3 },
      ]);
      expect(await fixture.positions.load('indexer', 0)).toEqual(at);
    });

    it('keeps checkpoints sparsely', async () => {
      await fixture.store.apply(0, at, { next: 400, mark: 300 }, []);
      await fixture.store.apply(0, { next: 400, mark: 300 }, { next: 1100, mark: 900 }, []);
      await fixture.store.apply(0, { next: 1100, mark: 900 }, { next: 2000, mark: 1500 }, []);
      await fixture.store.apply(0, { next: 2000, mark: 1500 }, { next: 2100, mark: 1600 }, []);
      expect(await fixture.store.checkpoints(0)).toEqual([
        { next: 1100, mark: 900 },
        { next: 2100, mark: 1600 },
      ]);
      expect(await fixture.store.checkpoints(1)).toEqual([]);
    });

    describe('erasures', () => {
      const erasure = (fields: Partial<Erasure> = {}): Erasure => ({
        app: APP,
        wallet: bytes(32, 2),
        issuedAt: 0,
        fence: null,
        rootVersions: [],
        ...fields,
      });
      const erasedAt = (origin: number, batch = origin) => ({
        ...voided(origin, 'erased'),
        batchId: id(batch),
        app: new Uint8Array(),
        wallet: new Uint8Array(),
        source: null,
        seq: null,
        rootVersion: 0,
        partition: 0,
        conflict: false,
      });

      it('voids what an erasure reaches and forgets whose it was', async () => {
        await fixture.putErasure(bytes(16, 1), erasure({ fence: 2, rootVersions: [4] }));
        const other = live(3, { wallet: 9, subject: 9 });
        await apply(live(1), live(2), other, live(4, { rootVersion: 4, subject: 6 }));
        const [one, two, three, four] = await found(1, 2, 3, 4);
        expect([one, four]).toEqual([erasedAt(1), erasedAt(4)]);
        expect([two?.reason, three?.reason]).toEqual([null, null]);
        expect(await fixture.store.subjects(APP, bytes(32, 2))).toEqual([
          { rootVersion: 0, subject: bytes(32, 3), fromOrigin: 2 },
        ]);
      });

      it('reaches everything while there is no fence, and later whatever was signed before', async () => {
        await fixture.putErasure(bytes(16, 1), erasure({ issuedAt: 500 }));
        await apply(live(0));
        await fixture.putErasure(bytes(16, 1), erasure({ fence: 1, issuedAt: 500 }));
        await apply(live(1, { issuedAt: 500 }), live(2, { issuedAt: 501 }));
        expect((await found(0, 1, 2)).map((batch) => batch?.reason)).toEqual(['erased', 'erased', null]);
      });

      it.each([1, 2, 3, 100])('sweeps all of an erasure in pages of %i, and all erasures', async (page) => {
        const owners = [2, 9].flatMap((wallet) => {
          const of = { wallet, subject: wallet };
          const base = wallet * 10;
          return [
            live(base, of),
            live(base + 1, { ...of, seq: 7 }),
            voided(base + 2, 'dead', of),
            voided(base + 3, 'dead', of),
            live(base + 4, of),
            live(base + 5, { ...of, seq: 7, rootVersion: 1 }),
          ];
        });
        await apply(...owners);
        await fixture.putErasure(bytes(16, 1), erasure({ fence: 25 }));
        await fixture.putErasure(bytes(16, 2), erasure({ wallet: bytes(32, 9), fence: 95 }));
        expect(await fixture.store.sweep(page)).toBe(6);
        expect(await fixture.store.sweep(page)).toBe(0);
        const reasons = (await found(...owners.map(({ origin }) => origin))).map((batch) => batch?.reason);
        expect(reasons).toEqual([...Array(5).fill('erased'), null, ...Array(5).fill('erased'), null]);
        expect((await found(25, 95)).map((batch) => batch?.conflict)).toEqual([false, false]);
        expect(await fixture.store.subjects(APP, bytes(32, 9))).toEqual([
          { rootVersion: 1, subject: bytes(32, 9), fromOrigin: 95 },
        ]);
      });

      it('sweeps by two at once as by one', async () => {
        const entries = Array.from({ length: 40 }, (_, i) => live(i, { seq: Math.floor(i / 2) }));
        await apply(...entries);
        await fixture.putErasure(bytes(16, 1), erasure({ fence: 39 }));
        const [one, two] = await Promise.all([fixture.store.sweep(2), fixture.store.sweep(3)]);
        expect(one + two).toBe(39);
        const reasons = (await found(...entries.map(({ origin }) => origin))).map((batch) => batch?.reason);
        expect(reasons).toEqual([...Array(39).fill('erased'), null]);
        expect((await found(39))[0]?.conflict).toBe(false);
        expect(await fixture.store.subjects(APP, bytes(32, 2))).toEqual([
          { rootVersion: 0, subject: bytes(32, 3), fromOrigin: 39 },
        ]);
      });

      it('whoever was erased is in no app any more', async () => {
        await apply(live(0), live(1, { wallet: 9, subject: 9 }));
        await fixture.putErasure(bytes(16, 1), erasure({ fence: 2, rootVersions: [0] }));
        await fixture.store.sweep();
        const rows = await fixture.store.written({ app: APP }, { limit: 10 });
        expect(rows.map((row) => row.wallet)).toEqual([bytes(32, 9)]);
      });

      it('sweeps rows that were applied before, as a replay would have left them', async () => {
        const entries = [
          live(0, { seq: 7 }),
          live(1),
          voided(2, 'dead'),
          live(3, { seq: 7, rootVersion: 1, subject: 8 }),
        ];
        await apply(...entries);
        const reach = erasure({ fence: 3, rootVersions: [0] });
        await fixture.putErasure(bytes(16, 1), reach);
        expect(await fixture.store.sweep()).toBe(2);
        expect(await fixture.store.sweep()).toBe(0);
        const swept = [await found(0, 1, 2, 3), await fixture.store.subjects(APP, bytes(32, 2))];

        fixture = await create();
        at = await fixture.positions.load('indexer', 0);
        await fixture.putErasure(bytes(16, 1), reach);
        await apply(...entries);
        expect(swept).toEqual([await found(0, 1, 2, 3), await fixture.store.subjects(APP, bytes(32, 2))]);
        expect(swept[0]).toEqual([
          erasedAt(0),
          erasedAt(1),
          erasedAt(2),
          { ...entries[3], partition: 0, conflict: false },
        ]);
      });
    });
  });
}
