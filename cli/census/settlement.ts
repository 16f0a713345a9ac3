import { sql } from 'kysely';
import type { Database } from '../../connectors/postgres/database.ts';
import { inclusionProof, settlementLeaf, toHex, verifyInclusion } from '../../protocol/index.ts';
import type { BlockRef } from '../../services/pipeline/ports/chain.ts';

/** A remark that stands in a finalized block beside a charge that succeeded, as read from the chain. */
export interface ChainCharge {
  readonly round: number;
  readonly app: Uint8Array;
  readonly root: Uint8Array;
  /** What was moved from the app's pot to the treasury, planck. */
  readonly amount: bigint;
  /** What the remark says it was for, planck. */
  readonly fee: bigint;
  readonly block: BlockRef;
}

/** One batch's way to the chain, every step of which was checked. */
export interface SettlementProof {
  readonly batchId: Uint8Array;
  /** Events in the batch. */
  readonly count: number;
  readonly fee: bigint;
  readonly round: number;
  readonly index: number;
  /** Leaves of the round's tree of this app. */
  readonly leaves: number;
  readonly root: Uint8Array;
  readonly charged: bigint;
  readonly block: BlockRef;
}

interface StoredLeaf {
  readonly batchId: Uint8Array;
  readonly app: Uint8Array;
  readonly hash: Uint8Array;
  readonly count: number;
  readonly bytes: number;
  readonly fee: string;
  readonly round: number;
}

/**
 * Proves as many of these batches as the chain bears out: for each, the leaf is recomputed and its inclusion proof must end in a root that
 * the chain has beside a charge that succeeded. A batch in two leaves is returned twice.
 */
export async function settlementProofs(
  db: Database,
  batchIds: readonly Uint8Array[],
  charges: readonly ChainCharge[],
): Promise<SettlementProof[]> {
  const wanted = new Set(batchIds.map((id) => toHex(id)));
  const anchored = new Map(charges.map((charge) => [keyOf(charge), charge]));
  const proofs: SettlementProof[] = [];
  for (const tree of groupByTree(await leavesOfRounds(db, batchIds))) {
    const charge = anchored.get(keyOf(tree[0] as StoredLeaf));
    if (!charge) continue;
    const hashes = tree.map((leaf) => settlementLeaf({ ...leaf, fee: BigInt(leaf.fee) }));
    for (const [index, { batchId, count, fee, round }] of tree.entries()) {
      if (!wanted.has(toHex(batchId))) continue;
      const proof = inclusionProof(hashes, index);
      const leaf = hashes[index] as Uint8Array;
      if (!verifyInclusion({ leaf, index, count: hashes.length, proof, root: charge.root })) continue;
      const { root, amount: charged, block } = charge;
      proofs.push({ batchId, count, fee: BigInt(fee), round, index, leaves: hashes.length, root, charged, block });
    }
  }
  return proofs;
}

/** Every leaf of every (round, app) in which one of these batches is, in the order of the trees. */
async function leavesOfRounds(db: Database, batchIds: readonly Uint8Array[]): Promise<StoredLeaf[]> {
  const { rows } = await sql<StoredLeaf>`
    SELECT batch_id AS "batchId", app, hash, count, bytes, fee, round FROM leaves
    WHERE (round, app) IN (
      SELECT round, app FROM leaves WHERE batch_id = ANY(${batchIds.map((id) => Buffer.from(id))}::bytea[]) AND round IS NOT NULL)
    ORDER BY round, app, leaf_index`.execute(db.kysely);
  return rows;
}

function groupByTree(leaves: readonly StoredLeaf[]): StoredLeaf[][] {
  const trees = new Map<string, StoredLeaf[]>();
  for (const leaf of leaves) {
    const tree = trees.get(keyOf(leaf));
    if (tree) tree.push(leaf);
    else trees.set(keyOf(leaf), [leaf]);
  }
  return [...trees.values()];
}

const keyOf = ({ round, app }: { round: number; app: Uint8Array }): string => `${round}/${toHex(app)}`;
