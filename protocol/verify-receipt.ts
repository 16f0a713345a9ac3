import type { BatchReceipt, StatedStorage } from './batch-receipt.ts';
import { equalBytes, fromBase64url, toHex } from './bytes.ts';
import type { CborMap } from './cbor-fields.ts';
import { segmentCid } from './cid.ts';
import { attempt, type Claim, claimed, failed, notStated, ok, unless } from './claims.ts';
import { decodeCbor, encodeCbor } from './dag-cbor.ts';
import { ProtocolError } from './errors.ts';
import { members } from './event.ts';
import { blake2b256 } from './hash.ts';
import { batchId, type Header, isNetwork } from './header.ts';
import { type ChainFacts, judgeSettlement } from './judge-settlement.ts';
import { leafOf } from './leaf.ts';
import { readBatchPayload } from './read-batch-receipt.ts';
import { verifyReceipt } from './receipt.ts';
import { readSegment, type StoredBatch } from './segment.ts';
import { verifyInclusion } from './tree.ts';
import { isSigned } from './verify-batch.ts';

/** Whom a receipt must be of. */
export interface PinnedOperator {
  /** 32 bytes, known before the receipt came: ed25519. */
  readonly key: Uint8Array;
  /** Default: the network that the receipt names, which its signature covers. */
  readonly network?: string;
}

/** What others say of a batch: without these, what they would show stays a claim. */
export interface Witnesses {
  /** The block that the receipt's segment names, from any node of IPFS; null: the node has none. */
  readonly segment?: Uint8Array | null;
  /** From a node of the chain. */
  readonly chain?: ChainFacts;
}

/** A receipt, claim by claim. */
export interface JudgedReceipt {
  /** `batch`, `event`, `erasure`, … as it states; null where it is not the pinned operator's. */
  readonly kind: string | null;
  /** In the order in which they rest on each other. */
  readonly claims: readonly Claim[];
  /** No claim failed. */
  readonly ok: boolean;
  /** Of kinds `batch` and `event`. */
  readonly batch: BatchReceipt | null;
  /** All that is stated, of any kind, decoded. */
  readonly stated: CborMap | null;
}

/**
 * Judges a receipt from anywhere, claim by claim, with nobody's help. The operator's signature comes first: where it does not hold nothing
 * else is looked at.
 * @example judgeReceipt(JSON.parse(text), { key: pinned }).claims.filter(({ verdict }) => verdict === 'failed') // []
 */
export function judgeReceipt(receipt: unknown, pinned: PinnedOperator, witnesses: Witnesses = {}): JudgedReceipt {
  const checked = attempt('operator', () => {
    const network = pinned.network ?? namedNetwork(receipt);
    const stated = verifyReceipt(receipt, { key: pinned.key, network });
    if (stated.network !== network) throw new ProtocolError('receipt', 'network');
    return stated;
  });
  if ('claim' in checked) return { kind: null, claims: [checked.claim], ok: false, batch: null, stated: null };
  const stated = checked.value;
  const kind = String(stated.kind);
  const operator = ok('operator', `stated by ${toHex(pinned.key)} for ${stated.network}`);
  const judged = judgeStated(kind, stated, witnesses);
  const claims = [operator, ...judged.claims];
  return { kind, claims, ok: claims.every(({ verdict }) => verdict !== 'failed'), batch: judged.batch, stated };
}

/** The network of a payload that is still to be believed. */
function namedNetwork(receipt: unknown): string {
  const { payload } = members(receipt, 'receipt');
  if (typeof payload !== 'string') throw new ProtocolError('receipt');
  const stated = decodeCbor(fromBase64url(payload));
  const { network } = members(stated, 'receipt');
  if (!isNetwork(network)) throw new ProtocolError('receipt', 'network');
  return network;
}

function judgeStated(
  kind: string,
  stated: CborMap,
  witnesses: Witnesses,
): { claims: Claim[]; batch: BatchReceipt | null } {
  if (kind === 'erasure' || kind === 'removal')
    return {
      claims: [claimed(kind, 'the operator is bound by every word of it; nobody else can see what was removed')],
      batch: null,
    };
  if (kind !== 'batch' && kind !== 'event')
    return { claims: [failed('kind', 'a kind of receipt that this version does not know')], batch: null };
  const read = attempt('form', () => readBatchPayload(stated));
  if ('claim' in read) return { claims: [read.claim], batch: null };
  return { claims: judgeBatch(read.value, witnesses), batch: read.value };
}

function judgeBatch(receipt: BatchReceipt, { segment, chain }: Witnesses): Claim[] {
  const { batch, event, position } = receipt;
  const count = batch.signed?.header.count ?? batch.declared?.count ?? null;
  return [
    ...judgeSigned(receipt),
    ...(event === null ? [] : [judgeEvent(receipt, event)]),
    claimed('accepted', `offset ${position.offset} of partition ${position.partition}`),
    batch.content === 'checked'
      ? claimed('content', 'the service encrypted what was signed')
      : notStated('content', 'encrypted by the client: whoever has its keys can check it'),
    judgeStorage(receipt, count, segment),
    ...judgeSettlement(receipt, count, chain),
  ];
}

function judgeSigned({ batch, network }: BatchReceipt): Claim[] {
  if (batch.signed === null) {
    const why = 'the service has no key to read the signed header: it is in the meta, which the owner opens';
    return [notStated('batch', why), notStated('signature', why)];
  }
  const { header, root } = batch.signed;
  const named = unless(
    'batch',
    [
      header.network !== network && 'its header is of another network',
      (header.app !== toHex(batch.app) || header.wallet !== toHex(batch.wallet)) && 'its header is of another owner',
      !equalBytes(batchId(header, root), batch.id) && 'header and root do not give this id',
    ],
    `${toHex(batch.id)}, ${header.count} events`,
  );
  return [
    named,
    isSigned(header, root) ? ok('signature', signedBy(header)) : failed('signature', 'it does not hold over this root'),
  ];
}

/** An app's signature says nothing of the user. */
export const signedBy = ({ signer, app, wallet, algorithm, issuedAt }: Header): string => {
  const author =
    signer === 'app' ? `attested by app ${app}, not signed by wallet ${wallet}` : `signed by wallet ${wallet}`;
  return `${author} (${algorithm}), said to be at ${momentOf(issuedAt)}`;
};

/** Years beyond those of a Date are said in milliseconds. */
function momentOf(time: number): string {
  const moment = new Date(time);
  return Number.isNaN(moment.getTime()) ? `${time} ms` : moment.toISOString();
}

function judgeEvent(
  { batch }: BatchReceipt,
  { index, proof, event, leaf: removed }: NonNullable<BatchReceipt['event']>,
): Claim {
  if (batch.signed === null) return failed('event', 'without a signed root there is nothing that it could be in');
  const { header, root } = batch.signed;
  const leaf = event === null ? removed : leafOf(event);
  if (leaf === null || !verifyInclusion({ leaf, index, count: header.count, proof, root }))
    return failed('event', 'it is not under the signed root');
  const at = `number ${index + 1} of ${header.count} under the signed root`;
  return ok('event', event === null ? `removed; its leaf was ${at}` : `${event.id} (${event.type}) is ${at}`);
}

function judgeStorage(
  { batch, event, storage }: BatchReceipt,
  count: number | null,
  segment: Uint8Array | null | undefined,
): Claim {
  const cid = segmentCid(storage.segment);
  if (cid === null) return failed('storage', 'the segment is not addressed as segments are');
  const where = `${cid}/batches/${storage.slot} at ${storage.cluster}`;
  if (segment === undefined) return claimed('storage', where);
  if (segment === null) return failed('storage', `${where}: the node does not have it`);
  const read = attempt('storage', () => readSegment(segment, cid));
  if ('claim' in read) return read.claim;
  const stored = read.value[storage.slot];
  if (stored === undefined) return failed('storage', `${where}: the segment has no such batch`);
  return unless(
    'storage',
    [...differences(stored, storage), ...shape(stored, { batch, event, count })],
    `${where}: ${storage.bytes} bytes, as settled`,
  );
}

function differences(stored: StoredBatch, { hash, bytes }: StatedStorage): (string | false)[] {
  const sizes = [stored.meta, ...stored.events.flatMap((event) => Object.values(event))];
  const size = sizes.reduce((sum, envelope) => sum + envelope.length, 0);
  const { subject, app, epoch, meta, events } = stored;
  const encoded = encodeCbor({ subject, app, epoch, meta, events: events.map((event) => ({ ...event })) });
  return [
    !equalBytes(blake2b256(encoded), hash) && 'what is stored there has another hash',
    size !== bytes && `what is stored there is ${size} bytes`,
  ];
}

/** What public storage shows must fit what was signed. */
function shape(
  stored: StoredBatch,
  { batch, event, count }: Pick<BatchReceipt, 'batch' | 'event'> & { count: number | null },
): (string | false)[] {
  const scopes = (of: object) => Object.keys(of).sort().join(' ');
  const held = event && stored.events[event.index];
  const isOther = event?.event && (!held || scopes(held) !== scopes(event.event.scopes));
  return [
    !equalBytes(stored.app, batch.app) && 'it is of another app',
    count !== null && stored.events.length !== count && `it has ${stored.events.length} events`,
    isOther ? 'the event has other scopes there' : false,
  ];
}
