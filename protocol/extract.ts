import { equalBytes, fromHex, isHex, toHex } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { type Event, members, parseEvent } from './event.ts';
import { batchId, type Header, parseHeader } from './header.ts';
import { leafOf } from './leaf.ts';
import type { Receipt } from './receipt.ts';
import { rootFromProof } from './tree.ts';
import { isSigned } from './verify-batch.ts';

/** What an extraction says of a batch, once, before its events. */
export interface BatchLine {
  /** Batch id, 32 bytes, hex. */
  id: string;
  /** 32-byte public key, hex. */
  wallet: string;
  /** Whose key signed. */
  signer: 'wallet' | 'app';
  /** Stands for the wallet in public storage, 32 bytes, hex: envelopes are bound to it. */
  subject: string;
  /** Which root of the wallet the keys come from. */
  rootVersion: number;
  /** Epoch of the keys of all its envelopes. */
  epoch: number;
  /** `unchecked`: the client encrypted it; the event's heads are in `meta`. */
  content: 'checked' | 'unchecked';
  /** Envelope of scope `__meta`, base64url, where content is unchecked. */
  meta?: string;
  /** With `proof`: the signed header. */
  header?: Header;
  /** With `proof`: Merkle root of the events, 32 bytes, hex. */
  root?: string;
  /** With `proof`: events that were lawfully removed, each with its leaf, and the id of the removal that is to blame where it is known. */
  removed?: { index: number; leaf: string; by: string | null }[];
}

/** With `proof`, a batch that stands in the index and cannot be read: nothing of it is signed here. */
export interface UnreadableLine {
  /** Batch id, hex. */
  id: string;
  /** Hex. */
  wallet: string;
  /** Whose key signed. */
  signer: 'wallet' | 'app';
  /** 16 bytes, hex. */
  source: string;
  /** Its number. */
  seq: number;
  /** Stable code of the reason; `removed`: lawfully, as a whole, which happens to what a client encrypted by itself. */
  unreadable: string;
  /** Id of the removal, hex, where that is the reason. */
  by?: string;
}

/** One event of the batch whose line came before. A scope is `{commitment}`, `{commitment, envelope}` or, decrypted, `{salt, data}`. */
export interface EventLine extends Omit<Event, 'scopes'> {
  /** Which event of its batch, from 0. */
  index: number;
  /** By name. */
  scopes: Event['scopes'];
  /** Decryption was asked for, and these scopes stay sealed: scope → why. */
  refused?: Record<string, string>;
  /** With `proof`: sibling hashes from the leaf upwards, hex. */
  proof?: string[];
}

/** A removal that took something away, with the receipts that there are by now. */
export interface RemovalLine {
  /** Id of the signed request, 16 bytes, hex. */
  id: string;
  /** Hex. */
  wallet: string;
  /** `erase` or `remove`. */
  kind: string;
  /** Milliseconds since the epoch, of the signed request. */
  issuedAt: number;
  /** Oldest first; none while it is still being carried out. */
  receipts: Receipt[];
}

/** A batch whose header is signed over its root. */
export interface ProvedBatch {
  /** Signed. */
  header: Header;
  /** Merkle root, 32 bytes. */
  root: Uint8Array;
  /** 32 bytes. */
  batchId: Uint8Array;
}

/** Whose batches are expected. Hex; a wallet of null is any. */
export interface ExpectedOwner {
  /** Name of the deployment, part of every signature. */
  network: string;
  /** 32-byte public key, hex. */
  app: string;
  /** 32-byte public key, hex. */
  wallet: string | null;
}

/**
 * Verifies the signature of a batch over its root, and whose it is; its events are then proved one by one against that root.
 * @throws ProtocolError `disclosure` without header and root or of another owner, `network`, `signature`, or the code of a malformed field.
 */
export function proveBatch(line: BatchLine, expected: ExpectedOwner): ProvedBatch {
  if (line.header === undefined || !isHex(line.root, 32)) throw new ProtocolError('disclosure', 'no header or root');
  const header = parseHeader(line.header);
  const root = fromHex(line.root, 32);
  if (header.network !== expected.network) throw new ProtocolError('network');
  const id = batchId(header, root);
  const isExpected = header.app === expected.app && (expected.wallet ?? line.wallet) === header.wallet;
  if (!isExpected || header.wallet !== line.wallet || header.signer !== line.signer || toHex(id) !== line.id)
    throw new ProtocolError('disclosure', 'another owner or batch');
  if (!isSigned(header, root)) throw new ProtocolError('signature');
  return { header, root, batchId: id };
}

/**
 * Proves that an event is number `index` of a batch.
 * @returns the event, each scope as it came
 * @throws ProtocolError `proof`, or the code of a malformed field
 */
export function proveEvent({ header, root }: ProvedBatch, line: EventLine): Event {
  const { index, proof, refused: _refused, ...rest } = members(line, 'event') as unknown as EventLine;
  const event = parseEvent(rest);
  if (!Array.isArray(proof) || !proof.every((hash) => isHex(hash, 32))) throw new ProtocolError('proof');
  const siblings = proof.map((hash) => fromHex(hash, 32));
  const led = rootFromProof(leafOf(event), index, header.count, siblings);
  if (led === null || !equalBytes(led, root)) throw new ProtocolError('proof');
  return event;
}
