import type { ApiPromise } from '@polkadot/api';
import { Keyring } from '@polkadot/keyring';
import type { Call } from '@polkadot/types/interfaces';
import { hexToU8a, u8aEq } from '@polkadot/util';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { parseRemark, type SettlementRemark } from '../../protocol/index.ts';
import type { BlockRef } from '../../services/pipeline/ports/chain.ts';
import { outcomeOf } from './blocks.ts';
import { pairsOf, transfers } from './charge-pairs.ts';
import { openConnection } from './connection.ts';

/** A remark that stands in a finalized block beside a charge that succeeded. */
export interface AuditedCharge extends SettlementRemark {
  readonly pot: number;
  /** Account that received the charge. */
  readonly treasury: Uint8Array;
  /** What was moved, planck. */
  readonly amount: bigint;
  readonly block: BlockRef;
  readonly extrinsicHash: Uint8Array;
}

export interface Audit {
  /** Finalized head at which the audit ends. */
  readonly head: BlockRef;
  readonly charges: readonly AuditedCharge[];
  /** Sum of the `balances.Transfer` events in the operator's extrinsics: what moved, whatever calls and remarks say. */
  readonly transferred: bigint;
  /** Extrinsics that the operator signed, successful or not. */
  readonly extrinsics: number;
  /** Of these, how many failed. */
  readonly failed: number;
  /** The operator's nonce at `head`. */
  readonly nonce: number;
}

export interface AuditOptions {
  readonly endpoint: string;
  /** Secret URI of the operator, or its 32-byte public key. */
  readonly operator: string | Uint8Array;
  /** Blocks after this one are read, up to the finalized head; `head`: none, only where the chain is now. */
  readonly from: number | 'head';
}

/**
 * Reads from the chain's blocks what an operator charged. Knows nothing of rooms, database or outbox: it is what their work is held against.
 * @throws RetriableError when the node cannot be reached
 */
export async function auditCharges({ endpoint, operator, from }: AuditOptions): Promise<Audit> {
  await cryptoWaitReady();
  const signer =
    typeof operator === 'string' ? new Keyring({ type: 'sr25519' }).createFromUri(operator).publicKey : operator;
  const connection = openConnection(endpoint, 60_000);
  try {
    return await connection.use('audit', (api) => audit(api, signer, from));
  } finally {
    await connection.close();
  }
}

async function audit(api: ApiPromise, operator: Uint8Array, from: number | 'head'): Promise<Audit> {
  const hash = await api.rpc.chain.getFinalizedHead();
  const header = await api.rpc.chain.getHeader(hash);
  const head = { number: header.number.toNumber(), hash: hash.toU8a() };
  const account = await (await api.at(hash)).query.system?.account?.(operator);
  const nonce = (account as unknown as { nonce: { toNumber(): number } }).nonce.toNumber();
  const blocks: Found[] = [];
  // By parents from the head: what is read is one chain, even while the node reorganises.
  let next = hash.toHex() as string;
  for (let number = head.number; from !== 'head' && number > from; number--) {
    const { block } = await api.rpc.chain.getBlock(next);
    const ref = { number, hash: hexToU8a(next as `0x${string}`) };
    for (const [index, extrinsic] of block.extrinsics.entries()) {
      if (
        !extrinsic.isSigned ||
        !u8aEq(api.registry.createType('AccountId', extrinsic.signer.toString()).toU8a(), operator)
      )
        continue;
      blocks.push(await readExtrinsic(api, operator, ref, index, extrinsic.method as Call, extrinsic.hash.toU8a()));
    }
    next = block.header.parentHash.toHex();
  }
  blocks.reverse();
  return {
    head,
    nonce,
    extrinsics: blocks.length,
    failed: blocks.filter(({ failed }) => failed).length,
    charges: blocks.flatMap(({ charges }) => charges),
    transferred: blocks.reduce((sum, { transferred }) => sum + transferred, 0n),
  };
}

interface Found {
  readonly charges: AuditedCharge[];
  readonly transferred: bigint;
  readonly failed: boolean;
}

async function readExtrinsic(
  api: ApiPromise,
  operator: Uint8Array,
  block: BlockRef,
  index: number,
  method: Call,
  extrinsicHash: Uint8Array,
): Promise<Found> {
  const moved = await transfers(api, operator, block, index);
  const { failed } = await outcomeOf(api, block, index);
  const charges: AuditedCharge[] = [];
  if (failed !== 'all') {
    for (const pair of pairsOf(method, failed)) {
      const remark = parseRemark(pair.remark);
      const at = moved.findIndex(({ pot, to, amount }) => pot === pair.pot && to === pair.to && amount === pair.amount);
      if (at < 0)
        throw new Error(
          `Block ${block.number}: a charge of ${pair.amount} stands in the call, but no transfer happened.`,
        );
      moved.splice(at, 1);
      charges.push({
        ...remark,
        pot: pair.pot,
        treasury: hexToU8a(pair.to),
        amount: pair.amount,
        block,
        extrinsicHash,
      });
    }
  }
  const rest = moved.reduce((sum, { amount }) => sum + amount, 0n);
  const transferred = charges.reduce((sum, { amount }) => sum + amount, rest);
  return { charges, transferred, failed: failed === 'all' || failed.length > 0 };
}
