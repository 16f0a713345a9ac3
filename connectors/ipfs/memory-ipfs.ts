import { CarReader } from '@ipld/car';
import { code as DAG_CBOR, decode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { FatalError, RetriableError } from '../../services/pipeline/errors.ts';
import type { IpfsCluster } from '../../services/pipeline/ports/ipfs.ts';
import { verifyBlock } from './verify-block.ts';

export interface MemoryIpfs extends IpfsCluster {
  /** While true every call fails as an unreachable node does. */
  down: boolean;
  /** Forgets every block that no pin needs, as a node does when it collects garbage. */
  collect(): void;
  /** How many imports succeeded. */
  readonly imports: number;
}

/** A cluster in memory that checks what a real node checks: every block against its CID, every link of the pinned DAG. */
export function createMemoryIpfs(name = 'cere-mainnet'): MemoryIpfs {
  const blocks = new Map<string, Uint8Array>();
  const pinned = new Map<string, CID>();
  let down = false;
  let imports = 0;

  const reach = () => {
    if (down) throw new RetriableError('ipfs_unavailable', `IPFS cluster ${name} is down`);
  };

  const stored = (cid: CID) => {
    reach();
    const bytes = blocks.get(String(cid));
    if (!bytes) throw new RetriableError('ipfs_not_found', `block ${cid} is not found at IPFS cluster ${name}`);
    return bytes;
  };

  return {
    name,
    get down() {
      return down;
    },
    set down(value) {
      down = value;
    },
    get imports() {
      return imports;
    },

    collect() {
      const kept = new Set([...pinned.values()].flatMap((root) => requireDag(root, blocks)));
      for (const cid of blocks.keys()) if (!kept.has(cid)) blocks.delete(cid);
    },

    async importCar(car, root) {
      reach();
      const reader = await readCar(car);
      const roots = await reader.getRoots();
      if (roots.length !== 1 || String(roots[0]) !== String(root)) {
        throw new FatalError('cid_mismatch', `the CAR names root ${roots.join(', ')}, not ${root}`);
      }
      for await (const { cid, bytes } of reader.blocks()) {
        verifyBlock(cid, bytes);
        blocks.set(String(cid), bytes);
      }
      requireDag(root, blocks);
      pinned.set(String(root), root);
      imports += 1;
    },

    async put(cid, bytes) {
      reach();
      verifyBlock(cid, bytes);
      blocks.set(String(cid), bytes);
    },

    async pin(root) {
      reach();
      try {
        requireDag(root, blocks);
      } catch (cause) {
        throw new RetriableError('ipfs_not_found', `IPFS cluster ${name} lacks a block of ${root}`, { cause });
      }
      pinned.set(String(root), root);
    },

    async unpin(root) {
      reach();
      pinned.delete(String(root));
    },

    block: async (cid) => stored(cid),
    // What it holds was checked when it came.
    unchecked: async (cid) => stored(cid),

    async *pins() {
      reach();
      yield* pinned.values();
    },

    async close() {},
  };
}

/** A node answers 500 for bytes it cannot read, which is retriable like all its failures. */
async function readCar(car: Uint8Array): Promise<CarReader> {
  try {
    return await CarReader.fromBytes(car);
  } catch (cause) {
    throw new RetriableError('ipfs_unavailable', 'the node cannot read the CAR', { cause });
  }
}

/** @returns every block of the DAG. @throws FatalError `cid_mismatch` when one is missing */
function requireDag(cid: CID, blocks: ReadonlyMap<string, Uint8Array>): string[] {
  const bytes = blocks.get(String(cid));
  if (!bytes) throw new FatalError('cid_mismatch', `the node could not pin: block ${cid} is missing`);
  const below = cid.code === DAG_CBOR ? [...links(decode(bytes))] : [];
  return [String(cid), ...below.flatMap((link) => requireDag(link, blocks))];
}

function* links(value: unknown): Generator<CID> {
  const cid = CID.asCID(value);
  if (cid) yield cid;
  else if (Array.isArray(value)) for (const item of value) yield* links(item);
  else if (value instanceof Uint8Array) return;
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) yield* links(item);
}
