import { settlementLeaf } from '../../protocol/index.ts';
import type { SettlementProofs } from '../../services/pipeline/ports/settlement-proofs.ts';
import type { Database } from './database.ts';
import { toBlock, toLeaf, toRound } from './settlement-rows.ts';

/** What proves settlements to others. */
export function createSettlementProofs({ kysely }: Database): SettlementProofs {
  return {
    async leafOf(batchId) {
      const leaf = await kysely.selectFrom('leaves').selectAll().where('batch_id', '=', batchId).executeTakeFirst();
      if (!leaf || leaf.round === null || leaf.leaf_index === null) return null;
      const round = await kysely
        .selectFrom('rounds')
        .selectAll()
        .where('round', '=', leaf.round)
        .where('app', '=', leaf.app)
        .executeTakeFirstOrThrow();
      const holder =
        round.outbox === null || round.state !== 'final'
          ? undefined
          : await kysely.selectFrom('outbox').selectAll().where('id', '=', round.outbox).executeTakeFirst();
      return {
        leaf: toLeaf(leaf),
        round: toRound(round),
        index: leaf.leaf_index,
        block: holder ? toBlock(holder) : null,
        extrinsicHash: holder?.hash ?? null,
      };
    },

    async leavesOf({ round, app }) {
      const all = await kysely
        .selectFrom('leaves')
        .selectAll()
        .where('round', '=', round)
        .where('app', '=', app)
        .orderBy('leaf_index')
        .execute();
      return all.map((row) => settlementLeaf(toLeaf(row)));
    },
  };
}
