import { type Batch, MAX_ENCRYPTED } from './batch.ts';
import { fromHex, readHex } from './bytes.ts';
import { EncryptedSize } from './encrypted-size.ts';
import { ProtocolError } from './errors.ts';
import type { Event, RemovedEvent } from './event.ts';
import { batchId, type Header, signedMessage, signerKey } from './header.ts';
import { dataRoom, hashPreimage, LEAF_ROOM, writePreimage } from './leaf.ts';
import { verifySignature } from './signature.ts';
import { reserve, sodiumWasm } from './sodium.ts';
import { foldTree } from './tree.ts';

/** A batch whose signature holds over its events. */
export interface VerifiedBatch extends Batch {
  /** Merkle root, 32 bytes. */
  root: Uint8Array;
  /** One per event, 32 bytes each. */
  leaves: Uint8Array[];
  /** 32 bytes. */
  batchId: Uint8Array;
  /** Who encrypts: the service, or the client itself. */
  mode: 'service' | 'client';
  /** Bytes of the encrypted batch as it goes into a segment. */
  encryptedSize: number;
}

const TREE_SCRATCH = 65;

/** Leaves and root of checked events, of which some may have been removed, hashed in one pass through wasm memory. */
export function hashEvents(
  events: readonly (Event | RemovedEvent)[],
  size?: EncryptedSize,
): { leaves: Uint8Array[]; root: Uint8Array } {
  const most = events.reduce((room, event) => ('leaf' in event ? room : Math.max(room, dataRoom(event))), 0);
  const room = LEAF_ROOM + most;
  const area = reserve(room + 32 * events.length + TREE_SCRATCH);
  const heap = sodiumWasm().HEAPU8;
  const at = area + room;
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as Event | RemovedEvent;
    if (!('leaf' in event)) hashPreimage(area, writePreimage(event, area, size), at + 32 * i);
    else if (!readHex(event.leaf, heap, at + 32 * i, 32)) throw new ProtocolError('hex', 'leaf');
  }
  const all = heap.slice(at, at + 32 * events.length);
  foldTree(at, events.length, at + 32 * events.length);
  return { leaves: events.map((_, i) => all.subarray(32 * i, 32 * i + 32)), root: heap.slice(at, at + 32) };
}

/** Whether the header's signature holds over this root, exactly as it declares. */
export function isSigned(header: Header, root: Uint8Array): boolean {
  return verifySignature({
    algorithm: header.algorithm,
    wrap: header.wrap,
    publicKey: signerKey(header),
    message: signedMessage(header, root),
    signature: fromHex(header.signature, 64),
  });
}

function checkIds(events: readonly Event[]): void {
  const seen = new Set<string>();
  for (let i = 0; i < events.length; i++) {
    const { id } = events[i] as Event;
    if (seen.size === seen.add(id).size) throw new ProtocolError('id', 'twice in this batch', i + 2);
  }
}

/**
 * Everything about a batch but its signature: unique ids, leaves, root, and the size once encrypted.
 * @throws ProtocolError `id`, `batch_too_large`.
 */
export function measureBatch({ header, events, client }: Batch): {
  leaves: Uint8Array[];
  root: Uint8Array;
  encryptedSize: number;
} {
  checkIds(events);
  const size = new EncryptedSize();
  const { leaves, root } = hashEvents(events, size);
  const encryptedSize = size.total(client === undefined ? size.metaLength(header) : client.meta.length);
  if (encryptedSize > MAX_ENCRYPTED) throw new ProtocolError('batch_too_large');
  return { leaves, root, encryptedSize };
}

/**
 * Verifies a parsed batch: its network, count, unique ids, encrypted size and signature. `issuedAt` is judged by `checkFresh`.
 * @param expected.network the deployment's own.
 * @throws ProtocolError `network`, `count`, `id`, `batch_too_large`, `signature`.
 */
export function verifyBatch(batch: Batch, expected: { network: string }): VerifiedBatch {
  const { header, events, client } = batch;
  if (header.network !== expected.network) throw new ProtocolError('network', undefined, 1);
  if (header.count !== events.length) throw new ProtocolError('count', undefined, 1);
  const { leaves, root, encryptedSize } = measureBatch(batch);
  if (!isSigned(header, root)) throw new ProtocolError('signature', undefined, 1);
  return {
    ...batch,
    root,
    leaves,
    batchId: batchId(header, root),
    mode: client === undefined ? 'service' : 'client',
    encryptedSize,
  };
}
