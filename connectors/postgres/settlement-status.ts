import { settlementLeaf } from '../../protocol/index.ts';
import type { SettlementStatus } from '../../services/pipeline/ports/settlement-status.ts';
import type { LeafProof } from '../../services/pipeline/ports/settlement-store.ts';
import type { Database } from './database.ts';
import { toBlock, toLeaf, toRound } from './settlement-rows.ts';

const keyOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What the API reads of settlements. */
export function createSettlementStatus({ kysely }: Database): SettlementStatus {
  return {
    async isFinal(batchIds) {
      if (batchIds.length === 0) return [];
      const rows = await kysely
        .selectFrom('leaves as l')
        .leftJoin('rounds as r', (join) => join.onRef('r.round', '=', 'l.round').onRef('r.app', '=', 'l.app'))
        .select(['l.batch_id', 'r.state'])
        .where('l.batch_id', 'in', batchIds)
        .execute();
      const states = new Map(rows.map(({ batch_id, state }) => [keyOf(batch_id), state ?? 'cut']));
      return batchIds.map((id) => {
        const state = states.get(keyOf(id));
        if (state === undefined) return null;
        return state === 'final' || state === 'unpaid' ? state : 'pending';
      });
    },
  };
}

/** One leaf with its round and the hashes of all leaves of that round; null where there is no leaf or it is in no round. */
export async function findLeaf({ kysely }: Database, batchId: Uint8Array): Promise<LeafProof | null> {
  const leaf = await kysely.selectFrom('leaves').selectAll().where('batch_id', '=', batchId).executeTakeFirst();
  if (!leaf || leaf.round === null || leaf.leaf_index === null) return null;
  const round = await kysely
    .selectFrom('rounds')
    .selectAll()
    .where('round', '=', leaf.round)
    .where('app', '=', leaf.app)
    .executeTakeFirstOrThrow();
  const all = await kysely
    .selectFrom('leaves')
    .selectAll()
    .where('round', '=', leaf.round)
    .where('app', '=', leaf.app)
    .orderBy('leaf_index')
    .execute();
  const holder =
    round.outbox === null || round.state !== 'final'
      ? undefined
      : await kysely.selectFrom('outbox').selectAll().where('id', '=', round.outbox).executeTakeFirst();
  return {
    leaf: toLeaf(leaf),
    round: toRound(round),
    index: leaf.leaf_index,
    hashes: all.map((row) => settlementLeaf(toLeaf(row))),
    block: holder ? toBlock(holder) : null,
    extrinsicHash: holder?.hash ?? null,
  };
}
