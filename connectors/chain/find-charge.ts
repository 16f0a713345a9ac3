import type { ApiPromise } from '@polkadot/api';
import type { Call } from '@polkadot/types/interfaces';
import { u8aEq, u8aToHex } from '@polkadot/util';
import { blake2AsU8a, cryptoWaitReady } from '@polkadot/util-crypto';
import type { ChainFacts } from '../../protocol/index.ts';
import type { BlockRef } from '../../services/pipeline/ports/chain.ts';
import { isCanonical, outcomeOf } from './blocks.ts';
import { pairsOf, transfers } from './charge-pairs.ts';
import { openConnection } from './connection.ts';

/** Looks for the charges that receipts name. Knows nothing of rooms or database: it is what an operator's word is held against. */
export interface ChargeFinder {
  /**
   * What the chain has of an extrinsic in a block.
   * @param anchor.extrinsic BLAKE2b-256 of its bytes
   * @throws RetriableError when the node cannot be reached, or no longer has the block's state
   */
  find(anchor: { readonly block: BlockRef; readonly extrinsic: Uint8Array }): Promise<ChainFacts>;
  close(): Promise<void>;
}

const GONE: ChainFacts = { canonical: false, extrinsic: 'absent', charges: [] };

/** @param endpoint ws:// or wss:// address of a node that the reader of receipts trusts */
export function openChargeFinder(endpoint: string, timeoutMs = 15_000): ChargeFinder {
  const connection = openConnection(endpoint, timeoutMs);
  return {
    async find({ block, extrinsic }) {
      await cryptoWaitReady();
      return connection.use('receipt', (api) => lookFor(api, block, extrinsic));
    },
    close: () => connection.close(),
  };
}

async function lookFor(api: ApiPromise, block: BlockRef, wanted: Uint8Array): Promise<ChainFacts> {
  const head = await api.rpc.chain.getHeader(await api.rpc.chain.getFinalizedHead());
  if (block.number > head.number.toNumber() || !(await isCanonical(api, block))) return GONE;
  const { extrinsics } = (await api.rpc.chain.getBlock(u8aToHex(block.hash))).block;
  const index = extrinsics.findIndex((one) => u8aEq(blake2AsU8a(one.toU8a(), 256), wanted));
  const found = extrinsics[index];
  if (!found?.isSigned) return { canonical: true, extrinsic: 'absent', charges: [] };
  const { failed } = await outcomeOf(api, block, index);
  if (failed === 'all') return { canonical: true, extrinsic: 'failed', charges: [] };
  const signer = api.registry.createType('AccountId', found.signer.toString()).toU8a();
  const moved = await transfers(api, signer, block, index);
  const charges = pairsOf(found.method as Call, failed).flatMap(({ pot, to, amount, remark }) => {
    const at = moved.findIndex((one) => one.pot === pot && one.to === to && one.amount === amount);
    if (at < 0) return [];
    moved.splice(at, 1);
    return [{ remark, amount }];
  });
  return { canonical: true, extrinsic: 'succeeded', charges };
}
