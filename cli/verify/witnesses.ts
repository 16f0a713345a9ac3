import { CID } from 'multiformats/cid';
import type { ChargeFinder } from '../../connectors/chain/find-charge.ts';
import { type BatchReceipt, segmentCid, type Witnesses } from '../../protocol/index.ts';
import { FatalError, RetriableError } from '../../services/pipeline/errors.ts';
import type { IpfsCluster } from '../../services/pipeline/ports/ipfs.ts';
import { UsageError } from '../crypto/outcome.ts';

/** Who is asked beside the receipt itself. */
export interface WitnessOptions {
  /** RPC address of an IPFS node. */
  readonly ipfs?: string;
  /** ws:// or wss:// address of a node of the chain. */
  readonly chain?: string;
}

/** How long an IPFS node may look for a block before it counts as not having it. */
const BLOCK_MS = 10_000;

/** What others say of the batches of receipts. Their libraries are loaded when somebody is to be asked: without that no network is used. */
export interface WitnessStand {
  /** @throws UsageError when a node that was named does not answer */
  of(receipt: BatchReceipt): Promise<Witnesses>;
  close(): Promise<void>;
}

export async function openWitnesses({ ipfs, chain }: WitnessOptions): Promise<WitnessStand> {
  const node = ipfs === undefined ? null : await openNode(ipfs);
  const finder = chain === undefined ? null : await openFinder(chain);
  return {
    async of({ storage, settlement }) {
      const anchor = settlement.round?.anchor;
      return {
        ...(node === null || segmentCid(storage.segment) === null
          ? {}
          : { segment: await blockOf(node, storage.segment) }),
        ...(finder === null || !anchor ? {} : { chain: await asked('--chain', () => finder.find(anchor)) }),
      };
    },
    async close() {
      await node?.close();
      await finder?.close();
    },
  };
}

async function openNode(url: string): Promise<IpfsCluster> {
  const { openKubo } = await import('../../connectors/ipfs/kubo.ts');
  return openKubo({ name: url, url, timeoutMs: BLOCK_MS });
}

async function openFinder(endpoint: string): Promise<ChargeFinder> {
  const { openChargeFinder } = await import('../../connectors/chain/find-charge.ts');
  return openChargeFinder(endpoint);
}

/** Null: the node does not have it, or has other bytes for it. */
async function blockOf(node: IpfsCluster, segment: Uint8Array): Promise<Uint8Array | null> {
  try {
    return await asked('--ipfs', () => node.block(CID.decode(segment)));
  } catch (error) {
    const isMissing = error instanceof RetriableError && /^ipfs_(not_found|timeout)$/.test(error.code);
    if (isMissing || error instanceof FatalError) return null;
    throw error;
  }
}

/** A node that was named and does not answer: nothing is judged, rather than less than was asked for. */
async function asked<T>(option: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RetriableError && !/^ipfs_(not_found|timeout)$/.test(error.code))
      throw new UsageError(`${option}: ${error.message}`);
    throw error;
  }
}
