import { inclusionProof, remark } from '../../protocol/index.ts';
import type { LeafProof, Round, SettlementStore } from '../pipeline/ports/settlement-store.ts';

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

/** The proof of one batch; null while it is in no round. */
export async function proofOf(
  store: Pick<SettlementStore, 'leafOf'>,
  network: string,
  batchId: Uint8Array,
): Promise<SettlementProof | null> {
  const found = await store.leafOf(batchId);
  return found && assemble(network, found);
}

function assemble(network: string, { leaf, round, index, hashes, block, extrinsicHash }: LeafProof): SettlementProof {
  return {
    batchId: leaf.batchId,
    hash: leaf.hash,
    operations: leaf.count,
    bytes: leaf.bytes,
    fee: leaf.fee,
    round: round.round,
    app: round.app,
    index,
    count: hashes.length,
    proof: inclusionProof([...hashes], index),
    root: round.root,
    remark: remarkOf(network, round),
    state: round.state,
    block,
    extrinsicHash,
  };
}
