import { CID } from 'multiformats/cid';
import {
  BLOB_CHUNK,
  type BlobTop,
  blobKey,
  decodeBlobTop,
  openBlobChunk,
  ProtocolError,
  scopeKey,
  scrub,
  toHex,
} from '../../../protocol/index.ts';
import { FatalError } from '../../pipeline/errors.ts';
import type { Signals } from '../../pipeline/events.ts';
import type { Blob, Blobs } from '../../pipeline/ports/blobs.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
import type { RemovedEvents } from '../../pipeline/ports/removed-events.ts';
import type { Owner, Vault } from '../../pipeline/ports/vault.ts';
import { askersOf } from '../auth/askers.ts';
import { type Caller, mustBeOwnerOrApp } from '../auth/bearer.ts';
import { ApiProblem } from '../problems.ts';
import { type BlobCluster, clusterOf } from './clusters.ts';
import type { ByteRange } from './range.ts';
import { createRemovedBlobs } from './removed.ts';

export interface DownloadDeps {
  readonly vault: Pick<Vault, 'roots' | 'scopeKeys'>;
  readonly consents: Pick<Consents, 'certificates'>;
  readonly blobs: Pick<Blobs, 'find' | 'references'>;
  readonly removedEvents: Pick<RemovedEvents, 'of'>;
  readonly clusters: ReadonlyMap<string, BlobCluster>;
  readonly signals: Pick<Signals, 'emit'>;
  readonly now: () => number;
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
}

/** What is on its way to a client is cut so small that a slow one is asked about again in between. */
const SLICE = 64 * 1024;
/** For so long what was allowed is taken to be allowed still; less than `REMOVED_FRESH_MS`. */
const ASK_AGAIN_MS = 1_000;

/** A blob that the caller may read. */
export interface Download {
  readonly blob: Blob;
  /**
   * Its bytes, chunk by chunk, each checked against its CID and opened before a byte of it is given.
   * @throws ApiProblem `blob_unreadable`; `unknown_blob` when the key is not given any more; RetriableError while the node is away
   */
  read(range: ByteRange): AsyncGenerator<Uint8Array>;
}

/** Blobs as their readers get them: decided like keys of scopes, and written into the access log like them. */
export function createDownloads(deps: DownloadDeps) {
  const { vault, consents, blobs, clusters, signals, now, elapsed } = deps;
  const isRemoved = createRemovedBlobs(deps);

  async function ownKey({ app, wallet, rootVersion, scope, epoch }: Blob): Promise<Uint8Array | null> {
    const [root] = await vault.roots([{ app, wallet, rootVersion }]);
    if (!root || root.mode === 'client') return null;
    const key = scopeKey(root.userRoot, app, scope, epoch);
    root.userRoot.fill(0);
    return key;
  }

  async function givenKey(
    caller: Caller,
    { app, wallet, rootVersion, scope, epoch }: Blob,
  ): Promise<Uint8Array | null> {
    const name = `${caller.signer}:${caller.signer === 'app' ? caller.app : caller.wallet}`;
    for (const asker of await askersOf(caller, consents, now())) {
      const wanted = { app, wallet, rootVersion, scope, epoch, reader: { name, asker } };
      const [given] = await vault.scopeKeys([wanted]);
      if (given) return given.key;
    }
    return null;
  }

  /** The key of the blob, or null where the caller may not have it. Overwrite it after use. */
  async function keyOf(caller: Caller, blob: Blob): Promise<Uint8Array | null> {
    const isOwner = caller.signer === 'wallet' && caller.wallet === toHex(blob.wallet);
    const ofScope = await (isOwner ? ownKey(blob) : givenKey(caller, blob));
    if (!ofScope) return null;
    const key = blobKey(ofScope, blob.id);
    ofScope.fill(0);
    return key;
  }

  /** @throws ApiProblem `unknown_blob`, `blob_gone` when the caller may not read it (any more) */
  async function mayRead(caller: Caller, blob: Blob): Promise<void> {
    const key = await keyOf(caller, blob);
    if (!key) throw new ApiProblem('unknown_blob');
    key.fill(0);
    if (blob.state === 'gone' || (await isRemoved(blob))) throw new ApiProblem('blob_gone');
  }

  /** What is stored otherwise than its CID says, or does not open, is nothing that asking again would mend. */
  async function whole<T>(blob: Blob, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof FatalError)) throw error;
      signals.emit('unreadable', { partition: -1, error: new Error(`blob ${blob.cid}: ${error.message}`) });
      throw new ApiProblem('blob_unreadable');
    }
  }

  async function* read(caller: Caller, blob: Blob, { from, to }: ByteRange): AsyncGenerator<Uint8Array> {
    let asked = Number.NEGATIVE_INFINITY;
    const askAgain = async () => {
      const at = elapsed();
      if (at - asked < ASK_AGAIN_MS) return;
      await mayRead(caller, blob);
      asked = at;
    };
    const ipfs = clusterOf(clusters, blob.cluster);
    const top = await whole(blob, async () => topOf(blob, await ipfs.block(CID.parse(blob.cid))));
    const first = Math.floor(from / BLOB_CHUNK);
    const last = Math.max(first, Math.ceil(to / BLOB_CHUNK) - 1);
    for (let index = first; index <= last; index++) {
      const cid = CID.parse(top.chunks[index] as string);
      const chunk = await whole(blob, async () => {
        const block = await ipfs.block(cid);
        const key = await keyOf(caller, blob);
        if (!key) throw new ApiProblem('unknown_blob');
        try {
          return openBlobChunk({ key, index, last: index === top.chunks.length - 1 }, block);
        } finally {
          key.fill(0);
          scrub();
        }
      });
      const start = index * BLOB_CHUNK;
      const wanted = chunk.subarray(Math.max(from - start, 0), Math.min(to - start, chunk.length));
      // What was revoked, removed or erased meanwhile ends here. An empty blob has one empty slice.
      for (let at = 0; at < Math.max(wanted.length, 1); at += SLICE) {
        await askAgain();
        yield wanted.subarray(at, at + SLICE);
      }
    }
  }

  /** @throws ApiProblem `unknown_blob`, also for whoever may not read it; `blob_gone`; `forbidden` for an app's token for another wallet */
  return async (caller: Caller, owner: Owner, cid: string): Promise<Download> => {
    if (caller.signer === 'app') mustBeOwnerOrApp(caller, toHex(owner.wallet));
    const blob = await blobs.find(owner, cid);
    if (!blob) throw new ApiProblem('unknown_blob');
    await mayRead(caller, blob);
    return { blob, read: (range) => read(caller, blob, range) };
  };
}

function topOf(blob: Blob, block: Uint8Array): BlobTop {
  const top = decodeBlobTop(block, blob.cid);
  if (
    top.size !== blob.size ||
    top.scope !== blob.scope ||
    top.epoch !== blob.epoch ||
    toHex(top.id) !== toHex(blob.id)
  )
    throw new ProtocolError('blob_top');
  return top;
}
