import type { CID } from 'multiformats/cid';

/** One cluster of IPFS nodes. */
export interface IpfsCluster {
  /** Name, for example `cere-mainnet`. */
  readonly name: string;
  /**
   * Imports a CARv1 and pins its root, recursively.
   * @throws RetriableError when the node cannot be reached or cannot pin for now; FatalError `cid_mismatch` when it answers with another root or
   *   a block is missing.
   */
  importCar(car: Uint8Array, root: CID): Promise<void>;
  /** Stores one block without pinning it: until something that is pinned links to it, a collection of garbage may take it. @throws FatalError `cid_mismatch` */
  put(cid: CID, bytes: Uint8Array): Promise<void>;
  /** Pins a DAG, recursively. Idempotent. @throws RetriableError `ipfs_not_found` when the node lacks a block of it */
  pin(root: CID): Promise<void>;
  /** Takes back a pin; one that is not there is none too many. */
  unpin(root: CID): Promise<void>;
  /** A block's bytes, verified against its CID. */
  block(cid: CID): Promise<Uint8Array>;
  /** The same as the node answered it, for whoever knows the hash of each part that he takes out of it. */
  unchecked(cid: CID): Promise<Uint8Array>;
  /** Recursively pinned CIDs. */
  pins(): AsyncIterable<CID>;
  close(): Promise<void>;
}
