import type { ApiPromise } from '@polkadot/api';
import type { EventRecord } from '@polkadot/types/interfaces';
import { hexToU8a, u8aEq, u8aToHex } from '@polkadot/util';
import { blake2AsU8a } from '@polkadot/util-crypto';
import type { BlockRef, Inclusion, SignedExtrinsic } from '../../services/pipeline/ports/chain.ts';

/** What the search needs of a block. A block with a given hash never changes, so this is kept. */
interface Links {
  readonly number: number;
  readonly parent: string;
  /** Hex of the BLAKE2b-256 of each extrinsic. */
  readonly extrinsics: readonly string[];
}

/** Enough for four eras of 64 blocks. */
const KEPT = 256;

/** Canonical blocks by walking back from the finalized head: parents, never numbers, say what is canonical. */
export function createBlocks() {
  const kept = new Map<string, Links>();

  async function links(api: ApiPromise, hash: string): Promise<Links> {
    const known = kept.get(hash);
    if (known) return known;
    const { block } = await api.rpc.chain.getBlock(hash);
    const read = {
      number: block.header.number.toNumber(),
      parent: block.header.parentHash.toHex(),
      extrinsics: block.extrinsics.map((extrinsic) => u8aToHex(blake2AsU8a(extrinsic.toU8a(), 256))),
    };
    kept.set(hash, read);
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT) break;
      kept.delete(oldest);
    }
    return read;
  }

  return {
    /** Looks for the extrinsic in the canonical blocks that its era allows, the newest first. */
    async find(
      api: ApiPromise,
      head: BlockRef,
      extrinsic: SignedExtrinsic,
    ): Promise<{ block: BlockRef; index: number } | null> {
      const wanted = u8aToHex(extrinsic.hash);
      const newest = Math.min(head.number, extrinsic.death);
      let hash: string =
        newest === head.number ? u8aToHex(head.hash) : (await api.rpc.chain.getBlockHash(newest)).toHex();
      for (;;) {
        const block = await links(api, hash);
        const index = block.extrinsics.indexOf(wanted);
        if (index >= 0) return { block: { number: block.number, hash: hexToU8a(hash) }, index };
        if (block.number <= Math.max(extrinsic.birth, 1)) return null;
        hash = block.parent;
      }
    },
  };
}

/** Whether the canonical chain has this very block at its height. */
export async function isCanonical(api: ApiPromise, block: BlockRef): Promise<boolean> {
  return u8aEq((await api.rpc.chain.getBlockHash(block.number)).toU8a(), block.hash);
}

/** Reads from a block's events what one of its extrinsics did. A status alone proves nothing: a failed extrinsic is finalized too. */
export async function outcomeOf(
  api: ApiPromise,
  block: BlockRef,
  index: number,
): Promise<Pick<Inclusion, 'failed' | 'error'>> {
  const at = await api.at(block.hash);
  const records = (await at.query.system?.events?.()) as unknown as EventRecord[];
  const mine = records
    .filter(({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.eq(index))
    .map(({ event }) => event);
  const named = (section: string, method: string) =>
    mine.filter((event) => event.section === section && event.method === method);
  const [broken] = named('system', 'ExtrinsicFailed');
  if (broken) return { failed: 'all', error: errorName(api, broken.data[0]) };
  if (named('system', 'ExtrinsicSuccess').length !== 1) {
    throw new Error(
      `Extrinsic ${index} of block ${block.number} has neither succeeded nor failed: the node's events are incomplete.`,
    );
  }
  // forceBatch: ItemCompleted or ItemFailed for each item, in order; batchAll inside an item has ItemCompleted of its own before it.
  const failures = named('utility', 'ItemFailed');
  if (failures.length === 0) return { failed: [], error: null };
  return { failed: failedItems(mine), error: errorName(api, failures[0]?.data[0]) };
}

/**
 * Item numbers that failed in `forceBatch([batchAll([charge, remark]) …])`: an item that went well ends with the events of its inner batch,
 * (ItemCompleted, ItemCompleted, BatchCompleted) and then its own ItemCompleted; one that failed leaves ItemFailed only, the rest is rolled back.
 */
function failedItems(events: readonly { section: string; method: string }[]): number[] {
  const failed: number[] = [];
  let item = 0;
  let afterInner = false;
  for (const { section, method } of events) {
    if (section !== 'utility') continue;
    if (method === 'ItemFailed') failed.push(item++);
    else if (method === 'BatchCompleted') afterInner = true;
    else if (method === 'ItemCompleted' && afterInner) {
      item++;
      afterInner = false;
    }
  }
  return failed;
}

interface DispatchErrorLike {
  readonly isModule?: boolean;
  readonly asModule?: Parameters<ApiPromise['registry']['findMetaError']>[0];
}

function errorName(api: ApiPromise, error: unknown): string {
  const dispatch = error as DispatchErrorLike | undefined;
  if (dispatch?.isModule && dispatch.asModule) {
    const { section, name } = api.registry.findMetaError(dispatch.asModule);
    return `${section}.${name}`;
  }
  return String(error);
}
