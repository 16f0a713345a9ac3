import { CID as ClientCid, create } from 'ipfs-http-client';
import { CID } from 'multiformats/cid';
import { FatalError, RetriableError } from '../../services/pipeline/errors.ts';
import type { IpfsCluster } from '../../services/pipeline/ports/ipfs.ts';
import { openBlocks } from './kubo-blocks.ts';
import { verifyBlock } from './verify-block.ts';

export interface KuboOptions {
  /** Name of the cluster, for example `cere-mainnet`. */
  readonly name: string;
  /** RPC address, for example `http://127.0.0.1:5001`. */
  readonly url: string;
  /** Longest wait for one call, milliseconds; a listing may take ten times as long. Default 30,000. */
  readonly timeoutMs?: number;
}

/** Multicodec of raw bytes. */
const RAW = 0x55;

/**
 * A cluster of one Kubo node, over its RPC API.
 *
 * A call that fails or takes too long is a `RetriableError`: `ipfs_timeout`, `ipfs_not_found` or `ipfs_unavailable`.
 * Only an answer that contradicts the CAR is fatal (`cid_mismatch`): another root, or a block that is not there. Importing is idempotent, so the corridor may repeat it after any of these.
 */
export function openKubo({ name, url, timeoutMs = 30_000 }: KuboOptions): IpfsCluster {
  const client = create({ url });
  const blocks = openBlocks(url);
  const closed = new AbortController();

  /** Every call gets its own deadline: the client passes `timeout` on to only some of its requests, `signal` to all. */
  async function bounded<T>(what: string, ms: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = AbortSignal.timeout(ms);
    try {
      return await call(AbortSignal.any([deadline, closed.signal]));
    } catch (error) {
      throw mapped(error, `${what} at IPFS cluster ${name}`, deadline.aborted ? ms : null);
    }
  }

  const unchecked = (cid: CID) => bounded('block', timeoutMs, (signal) => blocks.get(cid, signal));

  return {
    name,

    importCar: (car, root) =>
      bounded('import', timeoutMs, async (signal) => {
        let seen = false;
        for await (const { root: answer } of client.dag.import([car], { pinRoots: true, signal })) {
          if (answer.cid.toString() !== root.toString()) {
            throw new FatalError('cid_mismatch', `the node imported ${answer.cid}, the CAR's root is ${root}`);
          }
          if (answer.pinErrorMsg) throw pinFailure(root, answer.pinErrorMsg);
          seen = true;
        }
        // Kubo reports a failure in mid-stream in a trailer that the client does not read: no root, no pin.
        if (!seen) throw new RetriableError('ipfs_unavailable', `the node did not answer with root ${root}`);
      }),

    put: (cid, bytes) =>
      bounded('put', timeoutMs, async (signal) => {
        const format = cid.code === RAW ? 'raw' : 'dag-cbor';
        const answer = await client.block.put(bytes, { format, mhtype: 'blake2b-256', version: 1, pin: false, signal });
        if (answer.toString() !== cid.toString())
          throw new FatalError('cid_mismatch', `the node stored ${answer}, the block is ${cid}`);
      }),

    pin: (root) =>
      bounded('pin', timeoutMs, async (signal) => {
        await client.pin.add(ClientCid.parse(root.toString()), { recursive: true, signal });
      }),

    unpin: (root) =>
      bounded('unpin', timeoutMs, async (signal) => {
        try {
          await client.pin.rm(ClientCid.parse(root.toString()), { recursive: true, signal });
        } catch (error) {
          if (!(error instanceof Error && /not pinned/i.test(error.message))) throw error;
        }
      }),

    async block(cid) {
      const bytes = await unchecked(cid);
      verifyBlock(cid, bytes);
      return bytes;
    },

    unchecked,

    async *pins() {
      const deadline = AbortSignal.timeout(timeoutMs * 10);
      const signal = AbortSignal.any([deadline, closed.signal]);
      try {
        for await (const pin of client.pin.ls({ type: 'recursive', signal })) yield CID.parse(pin.cid.toString());
      } catch (error) {
        throw mapped(error, `pins at IPFS cluster ${name}`, deadline.aborted ? timeoutMs * 10 : null);
      }
    },

    async close() {
      closed.abort(new Error(`IPFS cluster ${name} is closed`));
      blocks.close();
    },
  };
}

/** Full, busy, or given up after a time of its own: importing again pins. A block that is missing was missing in the CAR. */
function pinFailure(root: CID, message: string): Error {
  const what = `the node could not pin ${root}: ${message}`;
  return /not found|could not find/i.test(message)
    ? new FatalError('cid_mismatch', what)
    : new RetriableError('ipfs_unavailable', what);
}

function mapped(error: unknown, what: string, expiredMs: number | null): Error {
  if (error instanceof FatalError || error instanceof RetriableError) return error;
  if (expiredMs !== null)
    return new RetriableError('ipfs_timeout', `${what}: no answer in ${expiredMs} ms`, { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  const code = /not found|could not find/i.test(message) ? 'ipfs_not_found' : 'ipfs_unavailable';
  return new RetriableError(code, `${what}: ${message}`, { cause: error });
}
