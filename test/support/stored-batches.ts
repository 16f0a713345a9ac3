import { randomBytes } from 'node:crypto';
import {
  type Batch,
  batchId,
  fromHex,
  leafOf,
  META_SCOPE,
  rootOf,
  scopeKey,
  sealMeta,
  toHex,
} from '../../protocol/index.ts';
import { encryptBatch } from '../../services/encryptor/encrypt-batch.ts';
import { createFlushKeys } from '../../services/encryptor/flush-keys.ts';
import { passClientBatch } from '../../services/encryptor/pass-client-batch.ts';
import { indexEntry } from '../../services/indexer/index-entry.ts';
import { batchBlock } from '../../services/pinner/batch-block.ts';
import { planFlush } from '../../services/pinner/plan-flush.ts';
import { DEFAULT_CLUSTER } from '../../services/pipeline/ports/clusters.ts';
import type { MemoryApi } from './api.ts';

const random = (length: number) => new Uint8Array(randomBytes(length));

export interface StoreOptions {
  /** Numbers of events that were removed: their meta keeps the leaf. */
  readonly removed?: readonly number[];
  /** What the index says of the hash, instead of what it is. */
  readonly hash?: Uint8Array;
}

/**
 * Puts signed batches where the rooms would have, by the rooms' own steps: encrypted under the vault's newest root, in a segment of their
 * own, and indexed. @returns for each call the origin
 */
export function createBatchStore({ vault, ipfs, index, positions, admission }: MemoryApi) {
  const partition = 0;
  return async (batch: Batch, { removed = [], hash }: StoreOptions = {}): Promise<number> => {
    const { header, events, client } = batch;
    const owner = { app: fromHex(header.app, 32), wallet: fromHex(header.wallet, 32) };
    // Past the caches: a test moves roots and epochs at any moment.
    const fresh = vault.reopen();
    const [transit] = await fresh.transit([owner]);
    const rootVersion = transit?.rootVersion ?? 0;
    const [root] = await fresh.roots([{ ...owner, rootVersion }]);
    if (!root) throw new Error('the vault has no root for this wallet');
    const sealed = client
      ? passClientBatch(batch, client)
      : encryptBatch({ batch, root, app: owner.app, keys: createFlushKeys(), random });
    const leaves = events.map((event, i) => (removed.includes(i) ? { leaf: toHex(leafOf(event)) } : event));
    const metaKey = scopeKey(root.userRoot, owner.app, META_SCOPE, root.epoch);
    const place = { app: owner.app, subject: root.subject, epoch: root.epoch, scopeKey: metaKey };
    const meta = removed.length > 0 ? sealMeta({ ...place, header, events: leaves, nonce: random(24) }) : sealed.meta;
    const body = { ...sealed, meta, events: sealed.events.map((one, i) => (removed.includes(i) ? {} : one)) };

    const block = batchBlock({ app: owner.app, ...body });
    const plan = planFlush([{ cluster: DEFAULT_CLUSTER, encoded: block.encoded }]);
    for (const { car, root: manifest } of plan.clusters) await ipfs.importCar(car, manifest);
    const [placed] = plan.places;
    if (!placed) throw new Error('no place');
    const at = { cluster: DEFAULT_CLUSTER, segment: placed.segment.bytes, slot: placed.slot };
    const id = batchId(header, rootOf(events.map(leafOf)));
    const named = { batchId: id, ...owner, rootVersion, source: fromHex(header.source, 16), seq: header.seq };
    const pinned = { ...named, reason: null, body: { ...body, ...at, hash: hash ?? block.hash, bytes: block.bytes } };

    const from = await positions.load('indexer', partition);
    const origin = from.mark + 1;
    await admission.admit(partition, [{ ...named, origin, issuedAt: header.issuedAt, retryOf: null }]);
    const entry = indexEntry({ origin, value: pinned });
    await index.apply(partition, from, { next: from.next + 1, mark: origin }, [entry]);
    return origin;
  };
}
