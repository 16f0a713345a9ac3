import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ready, rootOf, settlementLeaf } from '../../protocol/index.ts';
import type { Inclusion, SignedExtrinsic } from '../../services/pipeline/ports/chain.ts';
import { START } from '../../services/pipeline/ports/positions.ts';
import type {
  Cut,
  Leaf,
  OutboxRow,
  OutboxStep,
  SettlementStore,
} from '../../services/pipeline/ports/settlement-store.ts';

const fill = (byte: number) => new Uint8Array(32).fill(byte);
const APP = fill(0xa);
const OTHER = fill(0xb);
const leaf = (n: number, app = APP): Leaf => ({
  batchId: fill(n),
  app,
  partition: 0,
  origin: n,
  hash: fill(n),
  count: n,
  bytes: 100 * n,
  fee: BigInt(n) * 10n ** 20n,
  seenAt: 1_000 + n,
});
const plan = (leaves: readonly Leaf[]): Cut => {
  const ordered = [...leaves].reverse();
  return {
    app: (leaves[0] as Leaf).app,
    leaves: ordered,
    root: rootOf(ordered.map(settlementLeaf)),
    operations: 7,
    bytes: 8,
    fee: leaves.reduce((sum, { fee }) => sum + fee, 0n),
  };
};
const everyone = (owed: readonly { app: Uint8Array }[]) => owed.map(({ app }) => app);
const extrinsic = (nonce: number, salt = 0): SignedExtrinsic => ({
  bytes: Uint8Array.of(nonce, salt, 3),
  hash: fill(100 + nonce + 10 * salt),
  nonce,
  birth: 5,
  death: 13,
});
const inclusion = (number: number, failed: Inclusion['failed'] = []): Inclusion => ({
  block: { number, hash: fill(number) },
  index: 2,
  failed,
  error: failed === 'all' ? 'balances.KeepAlive' : null,
});

/** `open` gives an empty store whose settler rows stand at the start. */
export function settlementStoreContract(name: string, open: () => Promise<SettlementStore>): void {
  describe(`SettlementStore: ${name}`, () => {
    let store: SettlementStore;
    beforeAll(() => ready());
    beforeEach(async () => {
      store = await open();
    });

    const give = (leaves: readonly Leaf[]) => store.apply(0, START, { next: 9, mark: 9 }, leaves);
    const signed = async (nonce = 0): Promise<OutboxRow> => {
      const row = await store.sign(extrinsic(nonce), await store.rounds('cut', 100));
      if (!row) throw new Error('not signed');
      return row;
    };
    const step = (
      row: OutboxRow,
      state: OutboxRow['state'],
      roundState: 'sent' | 'final' | 'cut',
      at: Inclusion | null,
    ) =>
      store.step(row, {
        state,
        inclusion: at,
        rounds: row.charges.map((charge) => ({ ...charge, state: roundState })),
      });

    test('leaves come in with the row, or not at all', async () => {
      expect(await give([leaf(1), leaf(2)])).toBe(true);
      expect(await store.uncut()).toBe(2);
      expect(await give([leaf(3)])).toBe(false);
      expect(await store.uncut()).toBe(2);
    });

    test('a batch has one leaf for ever: the first', async () => {
      await give([leaf(1)]);
      const [cut] = await store.cut(10, everyone, plan);
      expect(await store.apply(0, { next: 9, mark: 9 }, { next: 10, mark: 10 }, [{ ...leaf(1), fee: 5n }])).toBe(true);
      expect(await store.uncut()).toBe(0);
      expect((await store.leafOf(fill(1)))?.leaf).toEqual(leaf(1));
      expect(cut?.fee).toBe(10n ** 20n);
    });

    test('a cut takes the apps that are due, freezes order and root, and numbers rounds upwards', async () => {
      await give([leaf(1), leaf(2), leaf(3, OTHER)]);
      const owed: unknown[] = [];
      const first = await store.cut(
        10,
        (all) => {
          owed.push(...all);
          return [APP];
        },
        plan,
      );
      expect(owed).toEqual([
        { app: APP, fee: 3n * 10n ** 20n, oldest: 1_001 },
        { app: OTHER, fee: 3n * 10n ** 20n, oldest: 1_003 },
      ]);
      expect(first).toMatchObject([
        { round: 1, app: APP, leaves: 2, operations: 7, bytes: 8, state: 'cut', alone: false },
      ]);
      expect(await store.uncut()).toBe(1);
      const second = await store.cut(10, everyone, plan);
      expect(second).toMatchObject([{ round: 2, app: OTHER }]);
      expect(await store.cut(10, everyone, plan)).toEqual([]);
      const proof = await store.leafOf(fill(1));
      expect(proof).toMatchObject({ index: 1, block: null, extrinsicHash: null, round: { round: 1 } });
      const leaves = await store.leavesOf({ round: 1, app: APP });
      expect(leaves).toEqual([settlementLeaf(leaf(2)), settlementLeaf(leaf(1))]);
      expect(rootOf([...leaves])).toEqual(proof?.round.root);
      expect(await store.leavesOf({ round: 2, app: APP })).toEqual([]);
    });

    test('a cut holds at most `limit` leaves; the rest goes into the next', async () => {
      await give([leaf(1), leaf(2), leaf(3)]);
      expect(await store.cut(2, everyone, plan)).toMatchObject([{ leaves: 2 }]);
      expect(await store.cut(2, everyone, plan)).toMatchObject([{ leaves: 1 }]);
    });

    test('a cut that cannot hold everything takes the oldest leaves, whichever app they are of', async () => {
      const late = [4, 5, 6].map((n) => leaf(n));
      await give([...late, { ...leaf(7, OTHER), seenAt: 1_000 }, { ...leaf(8, OTHER), seenAt: 1_005 }]);
      const shares = (rounds: readonly { app: Uint8Array; leaves: number }[]) =>
        rounds.map(({ app, leaves }) => [app[0], leaves]).sort();
      expect(shares(await store.cut(3, everyone, plan))).toEqual([
        [0xa, 2],
        [0xb, 1],
      ]);
      expect(shares(await store.cut(3, everyone, plan))).toEqual([
        [0xa, 1],
        [0xb, 1],
      ]);
    });

    test('unpaid charges are shown of every app, however many one of them has', async () => {
      await give([leaf(1)]);
      const debts = [];
      for (let n = 1; n <= 4; n++) {
        debts.push(...(await store.cut(10, everyone, plan)));
        const next = { next: 9 + n, mark: 9 + n };
        const from = { next: 8 + n, mark: 8 + n };
        await store.apply(0, from, next, [leaf(10 + n, n === 3 ? OTHER : APP)]);
      }
      await store.move(debts, 'cut', 'unpaid');
      expect((await store.unpaid(2)).map(({ round, app }) => [round, app])).toEqual([
        [1, APP],
        [2, APP],
        [4, OTHER],
      ]);
      expect((await store.unpaid(9)).map(({ round }) => round)).toEqual([1, 2, 3, 4]);
    });

    test('one extrinsic at a time, only for charges that are cut, only with a fresh nonce', async () => {
      await give([leaf(1), leaf(2, OTHER)]);
      const cut = await store.cut(10, everyone, plan);
      const row = await store.sign(extrinsic(4), cut.slice(0, 1));
      expect(row).toMatchObject({
        ...extrinsic(4),
        state: 'signed',
        inclusion: null,
        charges: [{ round: 1, app: APP, alone: false }],
      });
      expect(await store.unresolved()).toEqual(row);
      expect(await store.sign(extrinsic(5), cut.slice(1))).toBeNull();
      await step(row as OutboxRow, 'final', 'final', inclusion(9));
      expect(await store.unresolved()).toBeNull();
      expect(await store.sign(extrinsic(4, 1), cut.slice(1))).toBeNull();
      expect(await store.sign(extrinsic(5), cut)).toBeNull();
      expect(await store.sign(extrinsic(5), cut.slice(1))).toMatchObject({ nonce: 5 });
    });

    test('a step is written once, by whoever read the row as it is', async () => {
      await give([leaf(1)]);
      await store.cut(10, everyone, plan);
      const row = await signed();
      expect(await step(row, 'sent', 'sent', null)).toBe(true);
      expect(await step(row, 'sent', 'sent', null)).toBe(false);
      const sent = (await store.unresolved()) as OutboxRow;
      expect(await step(sent, 'included', 'sent', inclusion(9))).toBe(true);
      const included = (await store.unresolved()) as OutboxRow;
      expect(included).toMatchObject({ state: 'included', inclusion: inclusion(9) });
      expect(await step(included, 'included', 'sent', inclusion(10))).toBe(true);
      expect(await step(included, 'final', 'final', inclusion(9))).toBe(false);
    });

    test('final charges: status, proof, and published once', async () => {
      await give([leaf(1), leaf(2, OTHER)]);
      expect(await store.isFinal([fill(1), fill(99)])).toEqual(['pending', null]);
      await store.cut(10, everyone, plan);
      const row = await signed();
      expect(await store.isFinal([fill(1), fill(2)])).toEqual(['pending', 'pending']);
      await store.step(row, {
        state: 'final',
        inclusion: inclusion(9, [1]),
        rounds: [
          { round: 1, app: APP, state: 'final', alone: false },
          { round: 1, app: OTHER, state: 'unpaid', alone: true },
        ],
      });
      expect(await store.isFinal([fill(2), fill(1)])).toEqual(['unpaid', 'final']);
      expect(await store.lastFinal()).toMatchObject({ id: row.id, state: 'final', inclusion: { failed: [1] } });
      const ready = await store.unpublished(10);
      expect(ready).toMatchObject([{ round: 1, app: APP, block: { number: 9 }, extrinsicHash: row.hash }]);
      expect((await store.leafOf(fill(1)))?.block).toEqual({ number: 9, hash: fill(9) });
      await store.published(ready);
      expect(await store.unpublished(10)).toEqual([]);
      await store.move([{ round: 1, app: OTHER }], 'unpaid', 'cut');
      expect(await store.rounds('cut', 10)).toMatchObject([{ round: 1, app: OTHER, alone: true }]);
    });

    test('charges that an extrinsic released by failing are its own again when its block vanishes: it may succeed now', async () => {
      await give([leaf(1), leaf(2, OTHER)]);
      await store.cut(10, everyone, plan);
      const row = await signed();
      const failed: OutboxStep['rounds'] = [
        { round: 1, app: APP, state: 'cut', alone: true },
        { round: 1, app: OTHER, state: 'unpaid', alone: true },
      ];
      await store.step(row, { state: 'final', inclusion: inclusion(9, 'all'), rounds: failed });
      const final = (await store.lastFinal()) as OutboxRow;
      const sent = failed.map((charge) => ({ ...charge, state: 'sent' as const }));
      expect(await store.step(final, { state: 'sent', inclusion: null, rounds: sent })).toBe(true);
      expect(await store.rounds('cut', 10)).toEqual([]);
      expect(await store.rounds('sent', 10)).toHaveLength(2);
      const again = (await store.unresolved()) as OutboxRow;
      const done = failed.map((charge) => ({ ...charge, state: 'final' as const }));
      expect(await store.step(again, { state: 'final', inclusion: inclusion(12), rounds: done })).toBe(true);
      expect(await store.isFinal([fill(1), fill(2)])).toEqual(['final', 'final']);
    });

    test('an extrinsic that failed as a whole is read back as such', async () => {
      await give([leaf(1)]);
      await store.cut(10, everyone, plan);
      await step(await signed(), 'final', 'cut', inclusion(9, 'all'));
      expect((await store.lastFinal())?.inclusion).toEqual(inclusion(9, 'all'));
      expect(await store.rounds('cut', 10)).toHaveLength(1);
    });
  });
}
