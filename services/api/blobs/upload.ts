import { CID } from 'multiformats/cid';
import {
  BLOB_OVERHEAD,
  blobChunkCid,
  blobCid,
  blobKey,
  encodeBlobTop,
  scopeKey,
  scrub,
  sealBlobChunk,
} from '../../../protocol/index.ts';
import type { Clock, Random } from '../../pipeline/clock.ts';
import type { Faults } from '../../pipeline/faults.ts';
import type { Blob, BlobAttempt, Blobs } from '../../pipeline/ports/blobs.ts';
import type { Clusters } from '../../pipeline/ports/clusters.ts';
import type { Owner, Vault } from '../../pipeline/ports/vault.ts';
import { ApiProblem } from '../problems.ts';
import { type BlobCluster, clusterOf } from './clusters.ts';
import type { Piece } from './pieces.ts';

export interface UploadDeps {
  readonly vault: Pick<Vault, 'transit' | 'roots'>;
  readonly blobs: Blobs;
  readonly placement: Pick<Clusters, 'of'>;
  readonly clusters: ReadonlyMap<string, BlobCluster>;
  readonly random: Pick<Random, 'bytes'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly faults: Pick<Faults, 'reach'>;
}

export interface Uploaded {
  readonly cid: string;
  readonly size: number;
  readonly chunks: number;
  readonly scope: string;
  readonly epoch: number;
}

/** What chunks are sealed under. */
type Sealing = Pick<BlobAttempt, 'app' | 'wallet' | 'id' | 'scope' | 'epoch' | 'rootVersion'>;
type Store = (cid: string, block: Uint8Array) => Promise<void>;

/**
 * Encrypts a body chunk by chunk and stores it. Nothing is pinned until all of it is there, and the row that names the pin is written
 * before the pin: what an interrupted upload leaves are blocks that nothing links to.
 */
export function createUpload(deps: UploadDeps) {
  const { vault, blobs, clock, faults } = deps;

  /** Asked anew for each chunk, so that no key is in memory longer than the vault keeps its own: an erasure waits only for those. */
  async function keyOf({ app, wallet, id, scope, epoch, rootVersion }: Sealing): Promise<Uint8Array> {
    const [root] = await vault.roots([{ app, wallet, rootVersion }]);
    if (!root) throw new ApiProblem('erased');
    const ofScope = scopeKey(root.userRoot, app, scope, epoch);
    root.userRoot.fill(0);
    const key = blobKey(ofScope, id);
    ofScope.fill(0);
    return key;
  }

  /** The block of one chunk is stored while the next is received. */
  async function seal(sealing: Sealing, pieces: AsyncIterable<Piece>, store: Store) {
    const chunks: string[] = [];
    let size = 0;
    let storing = Promise.resolve();
    try {
      for await (const { bytes, last } of pieces) {
        const key = await keyOf(sealing);
        const block = sealBlobChunk({ key, index: chunks.length, last }, bytes);
        key.fill(0);
        scrub();
        const cid = blobChunkCid(block);
        chunks.push(cid);
        size += block.length - BLOB_OVERHEAD;
        await storing;
        storing = store(cid, block);
        storing.catch(() => undefined);
      }
    } finally {
      await storing;
    }
    const { id, scope, epoch } = sealing;
    const top = encodeBlobTop({ id, scope, epoch, size, chunks });
    return { cid: blobCid(top), top, size, chunks: chunks.length };
  }

  /** Sealed again as it was, its bytes give the CID that it has: only then are they the same. */
  async function again(known: Blob, scope: string, pieces: AsyncIterable<Piece>): Promise<Uploaded> {
    if (known.scope !== scope) throw new ApiProblem('request_clash');
    const { cid, size, chunks } = await seal(known, pieces, async () => undefined);
    if (cid !== known.cid) throw new ApiProblem('request_clash');
    return { cid, size, chunks, scope, epoch: known.epoch };
  }

  async function store(attempt: BlobAttempt, pieces: AsyncIterable<Piece>): Promise<Uploaded> {
    const ipfs = clusterOf(deps.clusters, attempt.cluster);
    const put: Store = (cid, block) => ipfs.put(CID.parse(cid), block);
    const { cid, top, size, chunks } = await seal(attempt, pieces, put);
    await put(cid, top);
    if (!(await blobs.pinning(attempt.id, { cid, size }))) throw new ApiProblem('erased');
    // A collection of garbage may have taken chunks meanwhile: the pin fails then, and the client sends again.
    await ipfs.pin(CID.parse(cid));
    faults.reach('after-blob-pin');
    const outcome = await blobs.finish(attempt.id, clock.now());
    // The sweeper may have unpinned, and forgotten the row, before the node pinned: here it is known that the pin is over.
    if (outcome === 'gone') await ipfs.unpin(CID.parse(cid));
    if (outcome === 'taken') throw new ApiProblem('upload_taken');
    if (outcome === 'gone') throw new ApiProblem('erased');
    return { cid, size, chunks, scope: attempt.scope, epoch: attempt.epoch };
  }

  /**
   * @param upload 16 bytes: the same upload is answered as the first time
   * @throws ApiProblem `erased`, `client_keys`, `request_clash`, `upload_taken`, and what `pieces` throws
   */
  return async (owner: Owner, upload: Uint8Array, scope: string, pieces: AsyncIterable<Piece>): Promise<Uploaded> => {
    const [transit] = await vault.transit([owner]);
    if (!transit) throw new ApiProblem('erased');
    if (transit.mode === 'client') throw new ApiProblem('client_keys');
    const known = await blobs.ofUpload(owner, upload);
    if (known) return again(known, scope, pieces);
    const { rootVersion } = transit;
    const [root] = await vault.roots([{ ...owner, rootVersion }]);
    if (!root) throw new ApiProblem('erased');
    root.userRoot.fill(0);
    const [cluster = ''] = await deps.placement.of([owner.wallet]);
    const id = deps.random.bytes(16);
    const attempt = { ...owner, id, upload, scope, epoch: root.epoch, rootVersion, cluster };
    await blobs.begin(attempt, clock.now());
    try {
      return await store(attempt, pieces);
    } catch (error) {
      // Where the database is away the row stays: the sweeper gives it up when its time has passed.
      await blobs.abandon(id).catch(() => undefined);
      throw error;
    }
  };
}
