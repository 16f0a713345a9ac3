import { randomBytes } from 'node:crypto';
import { memoryPositions } from '../../connectors/postgres/memory-positions.ts';
import { createMemorySettlementStore } from '../../connectors/postgres/memory-settlement-store.ts';
import type { IndexStore } from '../../services/pipeline/ports/index-store.ts';
import type { Leaf, OutboxStep } from '../../services/pipeline/ports/settlement-store.ts';
import { planCut } from '../../services/settler/round.ts';

const random = (length: number) => new Uint8Array(randomBytes(length));

/** Leaves, rounds and outbox in memory, moved by hand. */
export function handSettler() {
  const store = createMemorySettlementStore(memoryPositions('00'.repeat(16)));
  let next = 0;

  /** A round of these batches as they are indexed, in their order. */
  async function cut(index: Pick<IndexStore, 'batches'>, batchIds: readonly Uint8Array[], fee = 10n) {
    const leaves = (await index.batches(batchIds)).map((found): Leaf => {
      if (!found?.body) throw new Error('not indexed');
      const { batchId, app, partition, origin, body } = found;
      const { hash, bytes, summary } = body;
      return { batchId, app, partition, origin, hash, count: summary.count, bytes, fee, seenAt: 0 };
    });
    const to = next + leaves.length;
    await store.apply(0, { next, mark: next - 1 }, { next: to, mark: to - 1 }, leaves);
    next = to;
    return store.cut(50_000, (owed) => owed.map(({ app }) => app), planCut);
  }

  return {
    store,
    cut,
    /** The same, in a block of this number. */
    async settle(index: Pick<IndexStore, 'batches'>, batchIds: readonly Uint8Array[], block: number) {
      const rounds = await cut(index, batchIds);
      const extrinsic = { bytes: random(8), hash: random(32), nonce: block, birth: 0, death: 8 };
      const row = await store.sign(extrinsic, rounds);
      if (!row) throw new Error('not signed');
      const step: OutboxStep = {
        state: 'final',
        inclusion: { block: { number: block, hash: random(32) }, index: 0, failed: [], error: null },
        rounds: rounds.map((round) => ({ ...round, state: 'final', alone: false })),
      };
      if (!(await store.step(row, step))) throw new Error('not final');
      return { rounds, extrinsic, block: step.inclusion?.block };
    },
  };
}
