import { proofIn, remark, treeLevels } from '../../protocol/index.ts';
import type { SettlementProofs } from './ports/settlement-proofs.ts';
import type { Round } from './ports/settlement-store.ts';

/** What anyone needs to check one batch's settlement without us: recompute the leaf, walk to the root, find the remark in the block. */
export interface SettlementProof {
  readonly batchId: Uint8Array;
  readonly hash: Uint8Array;
  /** Events in the batch. */
  readonly operations: number;
  readonly bytes: number;
  readonly fee: bigint;
  readonly round: number;
  readonly app: Uint8Array;
  /** Position of the leaf, and how many leaves the tree has. */
  readonly index: number;
  readonly count: number;
  /** Sibling hashes from the leaf upwards. */
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
  /** Bytes of the remark that stands beside the charge. */
  readonly remark: Uint8Array;
  readonly state: Round['state'];
  /** Null until the charge is final. */
  readonly block: { readonly number: number; readonly hash: Uint8Array } | null;
  readonly extrinsicHash: Uint8Array | null;
}

/** The bytes remarked for a charge. */
export function remarkOf(network: string, { round, app, root, leaves, operations, bytes, fee }: Round): Uint8Array {
  return remark({ network, round, app, root, leaves, operations, bytes, fee });
}

type Levels = ReturnType<typeof treeLevels>;

/**
 * Proofs of the batches of a deployment, one at a time. A tree never changes once it is cut, and one of 50,000 leaves takes a while to
 * read and hash: the last `keep` of them are kept.
 */
export function createSettlementProver(store: SettlementProofs, network: string, keep = 2) {
  const trees = new Map<string, Promise<Levels>>();

  function treeOf({ round, app }: Round): Promise<Levels> {
    const key = `${round}/${Buffer.from(app).toString('hex')}`;
    const known = trees.get(key);
    if (known) return known;
    const read = store.leavesOf({ round, app }).then((leaves) => treeLevels(leaves));
    // A read that failed is nobody's answer for the next time.
    read.catch(() => trees.delete(key));
    for (const oldest of trees.keys()) {
      if (trees.size < keep) break;
      trees.delete(oldest);
    }
    trees.set(key, read);
    return read;
  }

  /** @returns null while the batch is in no round */
  return async (batchId: Uint8Array): Promise<SettlementProof | null> => {
    const found = await store.leafOf(batchId);
    if (found === null) return null;
    const { leaf, round, index, block, extrinsicHash } = found;
    const levels = await treeOf(round);
    return {
      ...{ batchId: leaf.batchId, hash: leaf.hash, operations: leaf.count, bytes: leaf.bytes, fee: leaf.fee },
      ...{ round: round.round, app: round.app, index, count: round.leaves, proof: proofIn(levels, index) },
      ...{ root: round.root, remark: remarkOf(network, round), state: round.state, block, extrinsicHash },
    };
  };
}
