import type { IndexEntry, IndexedBatch } from '../../services/pipeline/ports/index-store.ts';
import type { BatchesTable, VoidsTable } from './migrations/020-index.ts';

/** A live entry: `body` is there, hence also source and seq. */
export type LiveEntry = IndexEntry & { readonly body: NonNullable<IndexEntry['body']> };

export const isLive = (entry: IndexEntry): entry is LiveEntry => entry.reason === null && entry.body !== null;

/** The row of a live batch. */
export function batchRow(partition: number, entry: LiveEntry): BatchesTable {
  const { body, batchId, app, wallet, origin, rootVersion } = entry;
  const { summary } = body;
  return {
    batch_id: batchId,
    app,
    wallet,
    partition,
    origin,
    root_version: rootVersion,
    subject: body.subject,
    epoch: body.epoch,
    mode: body.mode,
    count: summary.count,
    types: summary.types,
    id_min: summary.idMin,
    id_max: summary.idMax,
    time_min: summary.timeMin,
    time_max: summary.timeMax,
    source: summary.source,
    seq: summary.seq,
    signer: summary.signer,
    issued_at: summary.issuedAt,
    cluster: body.cluster,
    segment: body.segment,
    slot: body.slot,
    hash: body.hash,
    bytes: body.bytes,
    conflict: false,
  };
}

/** The row of a void. An erased one keeps nothing that leads to its owner. */
export function voidRow(partition: number, entry: IndexEntry, reason: VoidsTable['reason']): VoidsTable {
  const erased = reason === 'erased';
  return {
    partition,
    origin: entry.origin,
    batch_id: entry.batchId,
    reason,
    app: erased ? null : entry.app,
    wallet: erased ? null : entry.wallet,
    root_version: erased ? null : entry.rootVersion,
    source: erased ? null : entry.source,
    seq: erased ? null : entry.seq,
  };
}

export function batchOf(row: BatchesTable): IndexedBatch {
  const summary = {
    count: row.count,
    types: row.types,
    idMin: row.id_min,
    idMax: row.id_max,
    timeMin: row.time_min,
    timeMax: row.time_max,
    source: row.source,
    seq: row.seq,
    signer: row.signer,
    issuedAt: row.issued_at,
  };
  const { subject, epoch, mode, cluster, segment, slot, hash, bytes } = row;
  return {
    partition: row.partition,
    origin: row.origin,
    batchId: row.batch_id,
    app: row.app,
    wallet: row.wallet,
    rootVersion: row.root_version,
    source: row.source,
    seq: row.seq,
    reason: null,
    body: { subject, epoch, mode, summary, cluster, segment, slot, hash, bytes },
    conflict: row.conflict,
  };
}

export function voidOf(row: VoidsTable): IndexedBatch {
  return {
    partition: row.partition,
    origin: row.origin,
    batchId: row.batch_id,
    app: row.app ?? new Uint8Array(),
    wallet: row.wallet ?? new Uint8Array(),
    rootVersion: row.root_version ?? 0,
    source: row.source,
    seq: row.seq,
    reason: row.reason,
    body: null,
    conflict: false,
  };
}
