import type { BatchReceipt, StatedRound, StatedStorage } from './batch-receipt.ts';
import { equalBytes, toHex } from './bytes.ts';
import { attempt, type Claim, claimed, failed, notStated, ok, unless } from './claims.ts';
import { parseRemark, type SettlementRemark, settlementLeaf } from './settlement.ts';
import { verifyInclusion } from './tree.ts';

/** What a node of the chain says of the block and the extrinsic that a receipt names. */
export interface ChainFacts {
  /** Whether the block is finalized and canonical at its number. */
  readonly canonical: boolean;
  /** `absent`: it is not in that block. */
  readonly extrinsic: 'succeeded' | 'failed' | 'absent';
  /** What it charged and paid, each with the bytes of the remark beside it. */
  readonly charges: readonly { readonly remark: Uint8Array; readonly amount: bigint }[];
}

/** What was charged for a batch, and where the chain has it. */
export function judgeSettlement(
  { batch, network, storage, settlement }: Pick<BatchReceipt, 'batch' | 'network' | 'storage' | 'settlement'>,
  count: number | null,
  chain: ChainFacts | undefined,
): Claim[] {
  const { round, state } = settlement;
  if (round === null) {
    const detail = 'in no round yet: ask for another receipt later';
    return ['settled', 'inclusion', 'remark', 'chain'].map((claim) => notStated(claim, detail));
  }
  return [
    settled(round, storage, count),
    inclusion(round, batch.id),
    remarked(round, { network, app: batch.app }),
    onChain(round, state, chain),
  ];
}

/** What was charged for is what is stored. */
function settled({ leaf }: StatedRound, storage: StatedStorage, count: number | null): Claim {
  return unless(
    'settled',
    [
      !equalBytes(leaf.hash, storage.hash) && 'another hash than that of the stored batch',
      leaf.bytes !== storage.bytes && `${leaf.bytes} bytes, stored are ${storage.bytes}`,
      count !== null && leaf.count !== count && `${leaf.count} events, the header has ${count}`,
    ],
    `${leaf.count} events, ${leaf.bytes} bytes, fee ${leaf.fee} planck`,
  );
}

function inclusion({ leaf, index, leaves, proof, root }: StatedRound, batchId: Uint8Array): Claim {
  const made = attempt('inclusion', () => settlementLeaf({ ...leaf, batchId }));
  if ('claim' in made) return made.claim;
  return verifyInclusion({ leaf: made.value, index, count: leaves, proof, root })
    ? ok('inclusion', `leaf ${index + 1} of ${leaves} under root ${toHex(root)}`)
    : failed('inclusion', 'the leaf of this batch, hash, bytes and fee is not under the root of the round');
}

/** A root that stands for one leaf says exactly it; of more, sums that hold at least it. */
function remarked(stated: StatedRound, owner: { network: string; app: Uint8Array }): Claim {
  const read = attempt('remark', () => parseRemark(stated.remark));
  if ('claim' in read) return read.claim;
  const { network, app, round, root, leaves, operations, bytes, fee } = read.value;
  const { leaf } = stated;
  const isShort = operations < leaf.count || bytes < leaf.bytes || fee < leaf.fee;
  const isMore = operations > leaf.count || bytes > leaf.bytes || fee > leaf.fee;
  return unless(
    'remark',
    [
      network !== owner.network && 'another network',
      !equalBytes(app, owner.app) && 'another app',
      round !== stated.round && 'another round',
      !equalBytes(root, stated.root) && 'another root',
      leaves !== stated.leaves && 'another number of leaves',
      isShort && 'its sums are less than this one leaf',
      stated.leaves === 1 && isMore && 'its sums are more than its only leaf',
    ],
    saying(read.value),
  );
}

const saying = ({ round, leaves, operations, bytes, fee }: SettlementRemark): string =>
  `round ${round}: ${leaves} batches, ${operations} events, ${bytes} bytes, ${fee} planck in all`;

function onChain({ anchor, remark }: StatedRound, state: string, facts: ChainFacts | undefined): Claim {
  if (anchor === null)
    return notStated('chain', state === 'unpaid' ? 'the charge could not be paid yet' : 'not final yet');
  const { block, extrinsic } = anchor;
  const where = `block ${block.number} (${toHex(block.hash)}), extrinsic ${toHex(extrinsic)}`;
  if (facts === undefined) return claimed('chain', where);
  if (!facts.canonical) return failed('chain', `${where}: the block is not finalized on this chain`);
  if (facts.extrinsic !== 'succeeded') return failed('chain', `${where}: the extrinsic is ${facts.extrinsic}`);
  const charge = facts.charges.find((one) => equalBytes(one.remark, remark));
  if (charge === undefined) return failed('chain', `${where}: no paid charge of it has this remark`);
  const read = attempt('chain', () => parseRemark(remark));
  if ('claim' in read) return read.claim;
  return charge.amount === read.value.fee
    ? ok('chain', `${where}: finalized, and ${charge.amount} planck paid for the round`)
    : failed('chain', `${where}: ${charge.amount} planck paid, the remark says ${read.value.fee}`);
}
