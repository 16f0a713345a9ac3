import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Chain,
  type Charge,
  type Fate,
  FINAL_DEPTH,
  type SignedExtrinsic,
} from '../../services/pipeline/ports/chain.ts';

export interface ChainUnderTest {
  readonly chain: Chain;
  /** Makes at least one block, with what waits. */
  makeBlock(): Promise<void>;
  /** What pot 0 and 1 hold can pay every charge here; pot 9 is empty. */
  close(): Promise<void>;
}

const charge = (pot: number, fee = 1_000n): Charge => ({
  app: new Uint8Array(32).fill(pot),
  pot,
  fee,
  remark: new Uint8Array(150).fill(pot),
});

/** A chain whose runtime has no `forceBatch`, an operator with nonce 0, and nobody else who makes blocks. */
export function chainContract(name: string, open: () => Promise<ChainUnderTest>): void {
  describe(`Chain: ${name}`, () => {
    let world: ChainUnderTest;
    let chain: Chain;
    beforeAll(async () => {
      world = await open();
      chain = world.chain;
      for (let n = 0; n < FINAL_DEPTH + 1; n++) await world.makeBlock();
    }, 60_000);
    afterAll(() => world.close());

    async function blocksUntil(extrinsic: SignedExtrinsic, kind: Fate['kind']): Promise<Fate> {
      for (let n = 0; n < 20; n++) {
        const fate = await chain.fate(extrinsic);
        if (fate.kind === kind) return fate;
        await world.makeBlock();
      }
      throw new Error(`never ${kind}`);
    }

    test('signing sends nothing; the era begins at a block already two deep', async () => {
      const head = await chain.finalizedHead();
      const signed = await chain.sign([charge(0)], 0);
      expect(signed).toMatchObject({
        nonce: 0,
        birth: head.number - FINAL_DEPTH,
        death: head.number - FINAL_DEPTH + 8,
      });
      await world.makeBlock();
      expect(await chain.fate(signed)).toEqual({ kind: 'pending' });
      expect(await chain.nonce()).toBe(0);
    }, 30_000);

    test('what is sent gets into a block, is final two blocks later, and moves what it says', async () => {
      const [before] = await chain.available([0]);
      const signed = await chain.sign([charge(0), charge(1, 2_000n)], 0);
      expect(await chain.submit(signed)).toBeNull();
      const fate = await blocksUntil(signed, 'included');
      if (fate.kind !== 'included') throw new Error(fate.kind);
      expect(fate).toMatchObject({ failed: [], error: null });
      for (let n = 0; n < FINAL_DEPTH; n++) await world.makeBlock();
      expect(await chain.isFinal(fate.block, FINAL_DEPTH)).toBe(true);
      expect(await chain.isFinal({ ...fate.block, hash: new Uint8Array(32).fill(1) }, 0)).toBe(false);
      expect(await chain.available([0])).toEqual([(before ?? 0n) - 1_000n]);
      expect(await chain.nonce()).toBe(1);
      expect(await chain.submit(signed)).toMatch(/1010/);
      expect(await chain.fate(signed)).toEqual(fate);
    }, 30_000);

    test('a charge that fails moves nothing, uses the nonce, and says so', async () => {
      const before = await chain.available([0, 9]);
      const signed = await chain.sign([charge(0), charge(9, 10n ** 30n)], 1);
      await chain.submit(signed);
      const fate = await blocksUntil(signed, 'included');
      expect(fate).toMatchObject({ failed: 'all', error: expect.stringContaining('balances.') });
      expect(await chain.available([0, 9])).toEqual(before);
      expect(await chain.nonce()).toBe(2);
    }, 30_000);

    test('a nonce that something else used is usurped', async () => {
      const mine = await chain.sign([charge(0)], 2);
      const theirs = await chain.sign([charge(1)], 2);
      await chain.submit(theirs);
      await blocksUntil(theirs, 'included');
      expect(await blocksUntil(mine, 'usurped')).toEqual({ kind: 'usurped' });
    }, 30_000);

    test('never sent: expired only when the era has passed two blocks deep', async () => {
      const signed = await chain.sign([charge(0)], 3);
      await blocksUntil(signed, 'expired');
      expect((await chain.finalizedHead()).number).toBeGreaterThanOrEqual(signed.death + FINAL_DEPTH - 1);
      expect(await chain.submit(signed)).toMatch(/1010/);
    }, 30_000);
  });
}
